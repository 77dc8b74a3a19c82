// ICMP echo (RFC 792, RFC 4443 section 4): the request and its reply, as an unprivileged ICMP
// socket sends and receives them. The kernel fills in identifier and checksum of what is sent, and
// gives a socket only replies that bear its identifier and a right checksum, without IP header.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "wire/octets.h"

namespace bulkhead::wire::icmp {

enum class Family : std::uint8_t { v4, v6 };

// What tells one echo from another: a count, and a number that nobody else knows.
struct Echo {
  std::uint16_t sequence = 0;
  std::uint64_t token = 0;
  friend bool operator==(const Echo&, const Echo&) = default;
};

inline constexpr std::size_t echo_octets = 16;  // header and token

OctetBuffer<echo_octets> build_echo_request(Family family, const Echo& echo);

// Nothing if it is no reply to an echo as we send them. What follows the token is not looked at.
std::optional<Echo> parse_echo_reply(Family family, std::span<const std::uint8_t> octets);

}  // namespace bulkhead::wire::icmp
