#include "wire/proxy_protocol/header.h"

#include "wire/proxy_protocol/v1.h"
#include "wire/proxy_protocol/v2.h"

namespace bulkhead::wire::proxy_protocol {

std::string_view to_string(Error error) {
  switch (error) {
    case Error::not_proxy_protocol:
      return "not_proxy_protocol";
    case Error::line_too_long:
      return "line_too_long";
    case Error::malformed_line:
      return "malformed_line";
    case Error::unknown_protocol:
      return "unknown_protocol";
    case Error::invalid_address:
      return "invalid_address";
    case Error::invalid_port:
      return "invalid_port";
    case Error::family_mismatch:
      return "family_mismatch";
    case Error::unknown_version:
      return "unknown_version";
    case Error::unknown_command:
      return "unknown_command";
    case Error::unknown_family:
      return "unknown_family";
    case Error::unknown_transport:
      return "unknown_transport";
    case Error::header_too_long:
      return "header_too_long";
    case Error::addresses_truncated:
      return "addresses_truncated";
    case Error::malformed_tlv:
      return "malformed_tlv";
    case Error::checksum_mismatch:
      return "checksum_mismatch";
  }
  return "unknown";
}

Parsed<Header, Error> parse(std::span<const std::uint8_t> octets) {
  if (octets.empty()) return need_more;
  return octets[0] == 'P' ? parse_v1(octets) : parse_v2(octets);
}

}  // namespace bulkhead::wire::proxy_protocol
