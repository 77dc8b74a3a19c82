// What can be wrong with a SOCKS message, for every version and both sides.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace bulkhead::wire::socks {

enum class Error : std::uint8_t {
  wrong_version,
  wrong_auth_version,  // RFC 1929 VER is not 1
  empty_username,      // RFC 1929 asks for 1..255 octets
  empty_password,
  unknown_command,
  unknown_address_type,
  invalid_domain,        // empty, or wire::is_valid_host() refuses it
  port_zero,             // where a port to reach is needed
  userid_too_long,       // SOCKS4: more than 255 octets without the closing NUL
  domain_too_long,       // SOCKS4a, likewise
  truncated_datagram,    // a UDP datagram ends inside its header
  no_acceptable_method,  // the server answered 0xff
  method_not_offered,    // the server chose what the client had not offered
};

// Stable words for logs and metrics, e.g. "unknown_command".
std::string_view to_string(Error error);

// RFC 1928 section 6, REP.
enum class ReplyCode : std::uint8_t {
  succeeded = 0,
  general_failure = 1,
  not_allowed = 2,
  network_unreachable = 3,
  host_unreachable = 4,
  connection_refused = 5,
  ttl_expired = 6,
  command_not_supported = 7,
  address_type_not_supported = 8,
};

// The reply that a bad SOCKS5 *request* deserves; nothing when the peer does not speak SOCKS5, or
// when the error belongs to another message, and the connection is closed without a word.
std::optional<ReplyCode> reply_code_for(Error error);

}  // namespace bulkhead::wire::socks
