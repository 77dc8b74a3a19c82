// SOCKS4 and 4a as a server speaks them (the NEC documents "SOCKS: A protocol for TCP proxy across
// firewalls" and "SOCKS 4A: A Simple Extension to SOCKS 4 Protocol"): one request, one reply of 8
// octets (BIND has two).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "wire/octets.h"
#include "wire/socks/address.h"
#include "wire/socks/error.h"

namespace bulkhead::wire::socks {

inline constexpr std::uint8_t version4 = 4;

// Without their closing NUL. The documents set no bound; these keep a request below 1 KiB.
inline constexpr std::size_t max_userid = 255;
inline constexpr std::size_t max_domain_v4a = 255;
inline constexpr std::size_t max_request_v4 = 8 + max_userid + 1 + max_domain_v4a + 1;

struct RequestV4 {
  Command command = Command::connect;  // connect or bind
  Address address;                     // port 0 only with bind
  // Whatever the client claims, 0..255 octets without NUL; a view into the octets parsed. Not
  // authentication.
  std::string_view userid;
};

// An address 0.0.0.x with x != 0 says that a domain follows (4a). Errors: wrong_version,
// unknown_command, port_zero, userid_too_long, domain_too_long, invalid_domain; to each but the
// first, build_reply_v4(rejected) is due.
Parsed<RequestV4, Error> parse_request_v4(std::span<const std::uint8_t> octets);

enum class ReplyCodeV4 : std::uint8_t {
  granted = 0x5a,
  rejected = 0x5b,
  identd_unreachable = 0x5c,
  userid_mismatch = 0x5d,
};

// `bound` means something to BIND only. An IPv6 address has no place in this version and is sent as
// 0.0.0.0.
OctetBuffer<8> build_reply_v4(ReplyCodeV4 code, const Endpoint& bound = Endpoint{});

}  // namespace bulkhead::wire::socks
