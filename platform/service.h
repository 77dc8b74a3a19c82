// Tells the service manager how far the daemon is (the sd_notify protocol of systemd, without its
// library): one datagram of NAME=value lines to the socket named by NOTIFY_SOCKET.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "platform/unique_fd.h"

namespace bulkhead::platform {

// Does nothing when there is no service manager. Never blocks, never fails: a full socket drops the
// message.
class ServiceNotifier {
 public:
  ServiceNotifier() = default;  // talks to nobody

  // Reads NOTIFY_SOCKET (a path, or '@' and an abstract name) and removes it from the environment,
  // so that children cannot speak for the daemon. Call it before there are threads.
  static ServiceNotifier from_environment();

  // A socket that from_environment() of the program before this one in this process connected.
  static ServiceNotifier from_descriptor(UniqueFd socket);
  int descriptor() const { return socket_.get(); }  // -1: talks to nobody

  bool connected() const { return static_cast<bool>(socket_); }

  void ready();                        // READY=1
  void reloading();                    // RELOADING=1 with MONOTONIC_USEC; ready() ends it
  void stopping();                     // STOPPING=1
  void status(std::string_view text);  // STATUS=…, one line; line breaks become spaces

 private:
  void send(std::string_view message);

  UniqueFd socket_;
};

}  // namespace bulkhead::platform
