// What counters are kept by, beside refusals (proto/refusal.h) and backends (by name): few, fixed,
// and never anything that a client made up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bulkhead::ipc {

enum class Protocol : std::uint8_t { unknown, http, connect, socks4, socks5, udp, end_ };
inline constexpr std::size_t protocols = static_cast<std::size_t>(Protocol::end_);

enum class Method : std::uint8_t {
  other,
  get,
  head,
  post,
  put,
  del,
  connect,
  options,
  trace,
  patch,
  bind,
  udp,
  end_
};
inline constexpr std::size_t methods = static_cast<std::size_t>(Method::end_);

std::string_view to_string(Protocol protocol);
std::string_view to_string(Method method);

// As the access log writes them; what is unknown is `unknown`, or `other`.
Protocol protocol_named(std::string_view name);
Method method_named(std::string_view name);

}  // namespace bulkhead::ipc
