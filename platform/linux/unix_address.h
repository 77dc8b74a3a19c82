// Addresses of Unix domain sockets.
#pragma once

#include <optional>
#include <string_view>
#include <sys/socket.h>
#include <sys/un.h>

namespace bulkhead::platform {

struct UnixAddress {
  sockaddr_un address{};
  socklen_t length = 0;

  const sockaddr* get() const;
};

// A path, or '@' and a name in the abstract namespace. Nothing when it is empty or longer than 107
// bytes.
std::optional<UnixAddress> unix_address(std::string_view name);

}  // namespace bulkhead::platform
