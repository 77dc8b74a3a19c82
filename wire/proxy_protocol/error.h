// What can be wrong with a PROXY protocol header. There is no answer to any of it but to close the
// connection.
#pragma once

#include <cstdint>
#include <string_view>

namespace bulkhead::wire::proxy_protocol {

enum class Error : std::uint8_t {
  not_proxy_protocol,  // neither "PROXY " nor the signature of version 2
  // Version 1.
  line_too_long,   // no CRLF within 107 octets
  malformed_line,  // fields missing, empty or too many, or a bare CR or LF
  unknown_protocol,
  invalid_address,
  invalid_port,
  family_mismatch,  // an IPv4 address after TCP6 or the other way round
  // Version 2.
  unknown_version,
  unknown_command,
  unknown_family,
  unknown_transport,
  header_too_long,      // more than max_v2_payload octets announced
  addresses_truncated,  // less announced than the addresses of the family take
  malformed_tlv,  // one reaches past the end, or a checksum that is not 4 octets or comes twice
  checksum_mismatch,
};

// Stable words for logs and metrics, e.g. "checksum_mismatch".
std::string_view to_string(Error error);

}  // namespace bulkhead::wire::proxy_protocol
