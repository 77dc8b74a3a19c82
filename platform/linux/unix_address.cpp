// Addresses of Unix domain sockets: see unix_address.h.
#include "platform/linux/unix_address.h"

#include <algorithm>
#include <cstddef>

namespace bulkhead::platform {

const sockaddr* UnixAddress::get() const {
  return reinterpret_cast<const sockaddr*>(&address);
}

std::optional<UnixAddress> unix_address(std::string_view name) {
  UnixAddress result;
  if (name.empty() || name.size() >= sizeof(result.address.sun_path)) return std::nullopt;
  if (name.find('\0') != std::string_view::npos) return std::nullopt;
  result.address.sun_family = AF_UNIX;
  std::copy(name.begin(), name.end(), result.address.sun_path);
  const bool abstract = name.front() == '@';
  if (abstract) result.address.sun_path[0] = '\0';
  // An abstract name is every byte up to the length; a path ends with its NUL.
  const std::size_t length = offsetof(sockaddr_un, sun_path) + name.size() + (abstract ? 0 : 1);
  result.length = static_cast<socklen_t>(length);
  return result;
}

}  // namespace bulkhead::platform
