#include "wire/http1/parse_error.h"

#include <array>
#include <cstddef>

namespace bulkhead::wire::http1 {
namespace {

struct Row {
  ParseError error;
  std::string_view name;
  int status;
};

using enum ParseError;

constexpr std::array rows{
    Row{none, "none", 0},
    Row{bare_line_feed, "bare_line_feed", 400},
    Row{bare_carriage_return, "bare_carriage_return", 400},
    Row{too_many_empty_lines, "too_many_empty_lines", 400},
    Row{control_octet_in_value, "control_octet_in_value", 400},
    Row{empty_field_name, "empty_field_name", 400},
    Row{invalid_field_name, "invalid_field_name", 400},
    Row{whitespace_before_colon, "whitespace_before_colon", 400},
    Row{missing_colon, "missing_colon", 400},
    Row{obsolete_line_folding, "obsolete_line_folding", 400},
    Row{invalid_method, "invalid_method", 400},
    Row{invalid_request_line, "invalid_request_line", 400},
    Row{invalid_version, "invalid_version", 400},
    Row{version_not_supported, "version_not_supported", 505},
    Row{http_0_9, "http_0_9", 400},
    Row{invalid_status_line, "invalid_status_line", 400},
    Row{invalid_status_code, "invalid_status_code", 400},
    Row{invalid_target, "invalid_target", 400},
    Row{invalid_target_octet, "invalid_target_octet", 400},
    Row{invalid_authority, "invalid_authority", 400},
    Row{userinfo_in_target, "userinfo_in_target", 400},
    Row{fragment_in_target, "fragment_in_target", 400},
    Row{unsupported_scheme, "unsupported_scheme", 501},
    Row{missing_host, "missing_host", 400},
    Row{duplicate_host, "duplicate_host", 400},
    Row{invalid_host, "invalid_host", 400},
    Row{request_line_too_long, "request_line_too_long", 414},
    Row{status_line_too_long, "status_line_too_long", 400},
    Row{head_too_large, "head_too_large", 431},
    Row{too_many_fields, "too_many_fields", 431},
    Row{too_many_connection_options, "too_many_connection_options", 431},
    Row{content_length_with_transfer_encoding, "content_length_with_transfer_encoding", 400},
    Row{duplicate_content_length, "duplicate_content_length", 400},
    Row{invalid_content_length, "invalid_content_length", 400},
    Row{content_length_overflow, "content_length_overflow", 413},
    Row{duplicate_transfer_encoding, "duplicate_transfer_encoding", 400},
    Row{invalid_transfer_encoding, "invalid_transfer_encoding", 400},
    Row{transfer_encoding_not_chunked, "transfer_encoding_not_chunked", 400},
    Row{unsupported_transfer_coding, "unsupported_transfer_coding", 501},
    Row{transfer_encoding_in_http_1_0, "transfer_encoding_in_http_1_0", 400},
    Row{connect_with_body, "connect_with_body", 400},
    Row{trace_with_body, "trace_with_body", 400},
    Row{body_on_informational, "body_on_informational", 400},
    Row{unexpected_upgrade, "unexpected_upgrade", 400},
    Row{missing_chunk_size, "missing_chunk_size", 400},
    Row{invalid_chunk_size, "invalid_chunk_size", 400},
    Row{chunk_size_overflow, "chunk_size_overflow", 413},
    Row{chunk_line_too_long, "chunk_line_too_long", 400},
    Row{invalid_chunk_extension, "invalid_chunk_extension", 400},
    Row{chunk_extensions_too_large, "chunk_extensions_too_large", 400},
    Row{missing_chunk_terminator, "missing_chunk_terminator", 400},
    Row{trailers_too_large, "trailers_too_large", 431},
    Row{forbidden_trailer_field, "forbidden_trailer_field", 400},
};

constexpr bool rows_follow_the_enum() {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (static_cast<std::size_t>(rows[i].error) != i) return false;
  }
  return rows.size() == static_cast<std::size_t>(count_);
}
static_assert(rows_follow_the_enum());

const Row& row(ParseError error) {
  const auto index = static_cast<std::size_t>(error);
  return rows[index < rows.size() ? index : 0];
}

}  // namespace

std::string_view name(ParseError error) {
  return row(error).name;
}
int http_status(ParseError error) {
  return row(error).status;
}

}  // namespace bulkhead::wire::http1
