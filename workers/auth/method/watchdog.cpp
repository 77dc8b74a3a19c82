#include "workers/auth/method/watchdog.h"

#include <sys/socket.h>

namespace bulkhead::auth {

Watchdog::Watchdog(int socket, Deadline deadline)
    : thread_([this, socket, deadline] { watch(socket, deadline); }) {}

void Watchdog::watch(int socket, Deadline deadline) {
  std::unique_lock lock(mutex_);
  if (changed_.wait_until(lock, deadline, [this] { return stopped_; })) return;
  bitten_ = true;
  shutdown(socket, SHUT_RDWR);
}

bool Watchdog::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
  return bitten_;
}

}  // namespace bulkhead::auth
