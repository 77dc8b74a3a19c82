// Ends blocking work on a socket whose library knows no deadline.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "workers/auth/method/method.h"

namespace bulkhead::auth {

// Shuts the socket down at the deadline, so that whoever reads from it or writes to it gets an end.
// The socket must stay open as long as this lives. Costs a thread: for what is rare, such as a
// handshake.
class Watchdog {
 public:
  Watchdog(int socket, Deadline deadline);
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  ~Watchdog() { stop(); }

  // True if it had to bite. No more biting afterwards.
  bool stop();

 private:
  void watch(int socket, Deadline deadline);

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;
  bool bitten_ = false;
  std::thread thread_;
};

}  // namespace bulkhead::auth
