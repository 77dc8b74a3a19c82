// Why a message was refused. Each refusal has a value of its own so that logs and metrics can tell
// an attack from a clumsy client; name() is stable and may be used as a metric label.
#pragma once

#include <cstdint>
#include <string_view>

namespace bulkhead::wire::http1 {

enum class ParseError : std::uint8_t {
  none,
  // Lines and octets (RFC 9112 sections 2.2 and 5)
  bare_line_feed,
  bare_carriage_return,
  too_many_empty_lines,
  control_octet_in_value,
  empty_field_name,
  invalid_field_name,
  whitespace_before_colon,
  missing_colon,
  obsolete_line_folding,
  // Start lines (RFC 9112 sections 3 and 4)
  invalid_method,
  invalid_request_line,
  invalid_version,
  version_not_supported,
  http_0_9,
  invalid_status_line,
  invalid_status_code,
  // Targets and Host (RFC 9112 section 3.2)
  invalid_target,
  invalid_target_octet,
  invalid_authority,
  userinfo_in_target,
  fragment_in_target,
  unsupported_scheme,
  missing_host,
  duplicate_host,
  invalid_host,
  // Bounds
  request_line_too_long,
  status_line_too_long,
  head_too_large,
  too_many_fields,
  too_many_connection_options,
  // Framing (RFC 9112 sections 6 and 7)
  content_length_with_transfer_encoding,
  duplicate_content_length,
  invalid_content_length,
  content_length_overflow,
  duplicate_transfer_encoding,
  invalid_transfer_encoding,
  transfer_encoding_not_chunked,
  unsupported_transfer_coding,
  transfer_encoding_in_http_1_0,
  connect_with_body,
  trace_with_body,
  body_on_informational,
  unexpected_upgrade,
  // Chunked bodies (RFC 9112 section 7.1)
  missing_chunk_size,
  invalid_chunk_size,
  chunk_size_overflow,
  chunk_line_too_long,
  invalid_chunk_extension,
  chunk_extensions_too_large,
  missing_chunk_terminator,
  trailers_too_large,
  forbidden_trailer_field,
  count_  // how many there are; not a value
};

// "bare_line_feed" and so on; valid for the life of the program.
std::string_view name(ParseError error);

// The status to answer when it was a request that was refused: 400, 413, 414, 431, 501 or 505. A
// refused response is 502 towards the client, whatever this says. 0 for none.
int http_status(ParseError error);

}  // namespace bulkhead::wire::http1
