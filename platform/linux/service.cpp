// The notification protocol of systemd: see service.h and sd_notify(3).
#include "platform/service.h"

#include <algorithm>
#include <cstdlib>
#include <sys/socket.h>
#include <time.h>

#include "platform/linux/unix_address.h"

namespace bulkhead::platform {

ServiceNotifier ServiceNotifier::from_environment() {
  ServiceNotifier notifier;
  const char* name = std::getenv("NOTIFY_SOCKET");
  if (name == nullptr) return notifier;
  const auto address = unix_address(name);
  unsetenv("NOTIFY_SOCKET");
  if (!address) return notifier;
  UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket && connect(socket.get(), address->get(), address->length) == 0) {
    notifier.socket_ = std::move(socket);
  }
  return notifier;
}

ServiceNotifier ServiceNotifier::from_descriptor(UniqueFd socket) {
  ServiceNotifier notifier;
  notifier.socket_ = std::move(socket);
  return notifier;
}

void ServiceNotifier::ready() {
  send("READY=1");
}

void ServiceNotifier::reloading() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const auto microseconds = static_cast<long long>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
  send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds));
}

void ServiceNotifier::stopping() {
  send("STOPPING=1");
}

void ServiceNotifier::status(std::string_view text) {
  std::string line = "STATUS=" + std::string(text);
  std::replace_if(line.begin(), line.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  send(line);
}

void ServiceNotifier::send(std::string_view message) {
  if (!socket_) return;
  [[maybe_unused]] const ssize_t sent =
      ::send(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL);
}

}  // namespace bulkhead::platform
