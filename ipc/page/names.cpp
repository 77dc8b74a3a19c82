#include "ipc/page/names.h"

#include <array>

namespace bulkhead::ipc {
namespace {

constexpr std::array<std::string_view, protocols> protocol_names{"unknown", "http",   "connect",
                                                                 "socks4",  "socks5", "udp"};
constexpr std::array<std::string_view, methods> method_names{
    "other",   "GET",     "HEAD",  "POST",  "PUT",  "DELETE",
    "CONNECT", "OPTIONS", "TRACE", "PATCH", "BIND", "UDP"};

template <typename Enum, std::size_t Size>
Enum find(const std::array<std::string_view, Size>& names, std::string_view name) {
  for (std::size_t i = 1; i < Size; ++i) {
    if (names[i] == name) return static_cast<Enum>(i);
  }
  return Enum{};
}

template <std::size_t Size>
std::string_view name_at(const std::array<std::string_view, Size>& names, std::size_t index) {
  return names[index < Size ? index : 0];
}

}  // namespace

std::string_view to_string(Protocol protocol) {
  return name_at(protocol_names, static_cast<std::size_t>(protocol));
}
std::string_view to_string(Method method) {
  return name_at(method_names, static_cast<std::size_t>(method));
}

Protocol protocol_named(std::string_view name) {
  return find<Protocol>(protocol_names, name);
}
Method method_named(std::string_view name) {
  return find<Method>(method_names, name);
}

}  // namespace bulkhead::ipc
