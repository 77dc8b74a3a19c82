// Tells the operator about a server that does not work, once, and once that it works again: every
// login would say it otherwise.
#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <string_view>

namespace bulkhead::auth {

// Thread-safe.
class Trouble {
 public:
  // method and server: for the log.
  Trouble(std::string_view method, std::string server)
      : method_(method), server_(std::move(server)) {}

  // what: for the operator, nothing of a client in it. Logged when it is news, and again each
  // minute.
  void report(std::string_view what);
  void over();

  // Whether it was reported and not over within the last so long.
  bool within(std::chrono::seconds last) const;

 private:
  std::string_view method_;
  std::string server_;
  mutable std::mutex mutex_;
  std::string known_;  // empty: no trouble
  std::chrono::steady_clock::time_point seen_;
  std::chrono::steady_clock::time_point logged_;
};

}  // namespace bulkhead::auth
