// Hashes of clients and names: the same in every acceptor and after every restart, because where a
// client goes (ip_hash) follows from them.
#pragma once

#include <cstdint>
#include <string_view>

#include "wire/address.h"

namespace bulkhead::acceptor {

// Spreads every bit over all (the finaliser of splitmix64).
constexpr std::uint64_t mix(std::uint64_t value) {
  value += 0x9E37'79B9'7F4A'7C15;
  value = (value ^ (value >> 30)) * 0xBF58'476D'1CE4'E5B9;
  value = (value ^ (value >> 27)) * 0x94D0'49BB'1331'11EB;
  return value ^ (value >> 31);
}

constexpr std::uint64_t combine(std::uint64_t left, std::uint64_t right) {
  return mix(left ^ mix(right));
}

constexpr std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xCBF2'9CE4'8422'2325;  // FNV-1a
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100'0000'01B3;
  return mix(hash);
}

// Of the address; of IPv6 its first 64 bits, because a client has all the others to choose from.
inline std::uint64_t hash_of(const wire::IpAddress& client) {
  const auto bytes = client.bytes();
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return hash_of(text.substr(0, 8));
}

}  // namespace bulkhead::acceptor
