// Small things both halves of bench_load need: sockets on loopback, an epoll loop that ends at a
// given time.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <sys/epoll.h>

#include "platform/unique_fd.h"

namespace bulkhead::bench {

using Clock = std::chrono::steady_clock;

[[noreturn]] void die(const std::string& what);  // with errno's text; exit 1

// Non-blocking, without Nagle's delay.
platform::UniqueFd connect_to(std::uint16_t port);
platform::UniqueFd listen_on_free_port(std::uint16_t& port);
platform::UniqueFd accept_from(int listener);  // none if nobody waits

// Level-triggered; whoever registers is called with what happened to it.
class Poller {
 public:
  class Handler {
   public:
    virtual ~Handler() = default;
    virtual void on_event(std::uint32_t what) = 0;
  };

  Poller();
  // False for what cannot be waited for, such as a file.
  bool add(int fd, std::uint32_t events, Handler& handler);
  void change(int fd, std::uint32_t events, Handler& handler);
  // One wait, at most until the deadline.
  void poll(Clock::time_point deadline);

 private:
  platform::UniqueFd epoll_;
};

}  // namespace bulkhead::bench
