#include "bench/load/net.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace bulkhead::bench {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void without_delay(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

void die(const std::string& what) {
  std::fprintf(stderr, "bench_load: %s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

platform::UniqueFd connect_to(std::uint16_t port) {
  platform::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) die("socket");
  without_delay(fd.get());
  const sockaddr_in address = loopback(port);
  const int done = ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  if (done != 0 && errno != EINPROGRESS) die("connect");
  return fd;
}

platform::UniqueFd listen_on_free_port(std::uint16_t& port) {
  platform::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_in address = loopback(0);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  socklen_t length = sizeof address;
  if (::bind(fd.get(), any, length) != 0 || ::listen(fd.get(), 4096) != 0) die("listen");
  ::getsockname(fd.get(), any, &length);
  port = ntohs(address.sin_port);
  return fd;
}

platform::UniqueFd accept_from(int listener) {
  platform::UniqueFd fd(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (fd) without_delay(fd.get());
  return fd;
}

Poller::Poller() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}

bool Poller::add(int fd, std::uint32_t events, Handler& handler) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &handler;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0) return true;
  if (errno != EPERM) die("epoll_ctl");
  return false;
}

void Poller::change(int fd, std::uint32_t events, Handler& handler) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &handler;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) != 0) die("epoll_ctl");
}

void Poller::poll(Clock::time_point deadline) {
  using std::chrono::milliseconds;
  const auto left = std::chrono::duration_cast<milliseconds>(deadline - Clock::now()).count();
  std::array<epoll_event, 256> events;
  const int wait = static_cast<int>(std::clamp<std::int64_t>(left + 1, 0, 1000));
  const int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), wait);
  for (int i = 0; i < count; ++i) {
    static_cast<Handler*>(events[static_cast<std::size_t>(i)].data.ptr)
        ->on_event(events[static_cast<std::size_t>(i)].events);
  }
}

}  // namespace bulkhead::bench
