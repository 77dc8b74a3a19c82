// SOCKS5 as a client speaks it to a parent proxy (RFC 1928, RFC 1929): build what is sent, parse
// what comes back. socks5.h has the order of the messages; UDP datagrams have the same header in
// both directions (udp.h).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "wire/octets.h"
#include "wire/socks/address.h"
#include "wire/socks/error.h"
#include "wire/socks/socks5.h"

namespace bulkhead::wire::socks {

// `methods`: 1..255, best first; what is beyond is not sent.
OctetBuffer<2 + 255> build_greeting(std::span<const Method> methods);

// The method the parent chose, which is one of `offered`. Errors: wrong_version,
// no_acceptable_method, method_not_offered.
Parsed<Method, Error> parse_method_reply(std::span<const std::uint8_t> octets,
                                         std::span<const Method> offered);

// Written into the caller's empty buffer so that no second copy of the password comes into being;
// wipe() it once sent. False, and nothing written, unless both have 1..255 octets.
[[nodiscard]] bool build_auth_request(std::string_view username,
                                      std::span<const std::uint8_t> password,
                                      OctetBuffer<max_client_message>& out);

// True if accepted. Error: wrong_auth_version.
Parsed<bool, Error> parse_auth_reply(std::span<const std::uint8_t> octets);

// Nothing if `address` is an invalid name, or its port is 0 with CONNECT. A name is sent as a name:
// the parent resolves it.
std::optional<OctetBuffer<max_reply>> build_request(Command command, const Address& address);

struct Reply {
  ReplyCode code = ReplyCode::general_failure;  // codes the RFC does not assign are general_failure
  // BND.ADDR and BND.PORT of a success; nothing if the parent sent a name that is none, which hurts
  // nobody who does not need it.
  std::optional<Address> bound;
};
// A refusal is complete with its second octet: proxies are known to cut it short, to send an
// address type of 0, and to hang up, and nothing useful can follow it. Errors: wrong_version,
// unknown_address_type.
Parsed<Reply, Error> parse_reply(std::span<const std::uint8_t> octets);

}  // namespace bulkhead::wire::socks
