#include "wire/http1/framing.h"

namespace bulkhead::wire::http1 {
namespace {

struct FramingFields {
  std::size_t content_lengths = 0;
  std::size_t transfer_encodings = 0;
  std::string_view content_length;
  std::string_view transfer_encoding;
};

FramingFields find_framing_fields(const Headers& headers) {
  FramingFields found;
  headers.for_each([&](const Field& field) {
    if (equals_ignoring_case(field.name, "Content-Length")) {
      ++found.content_lengths;
      found.content_length = field.value;
    } else if (equals_ignoring_case(field.name, "Transfer-Encoding")) {
      ++found.transfer_encodings;
      found.transfer_encoding = field.value;
    }
  });
  return found;
}

// Only "chunked" alone is taken. The other answers tell a coding we do not speak (501, RFC 9112
// section 6.1) from a message whose end nobody can know (400, section 6.3).
ParseError check_transfer_encoding(std::string_view value) {
  if (equals_ignoring_case(value, "chunked")) return ParseError::none;
  bool chunked = false;
  std::size_t codings = 0;
  ListReader list(value);
  while (const auto coding = list.next()) {
    ++codings;
    if (chunked || !is_token(*coding)) return ParseError::invalid_transfer_encoding;
    chunked = equals_ignoring_case(*coding, "chunked");
  }
  if (codings == 0) return ParseError::invalid_transfer_encoding;
  if (!chunked) return ParseError::transfer_encoding_not_chunked;
  // A lone "chunked" among empty elements (", chunked") is a disguise, not a coding.
  return codings == 1 ? ParseError::invalid_transfer_encoding
                      : ParseError::unsupported_transfer_coding;
}

}  // namespace

std::string_view to_string(Version version) {
  return version == Version::http_1_1 ? "HTTP/1.1" : "HTTP/1.0";
}

ParseError read_framing(const Headers& headers, Version version, BodyFraming& framing) {
  const FramingFields fields = find_framing_fields(headers);
  framing = {};
  if (fields.content_lengths > 0 && fields.transfer_encodings > 0) {
    return ParseError::content_length_with_transfer_encoding;
  }
  if (fields.content_lengths > 1) return ParseError::duplicate_content_length;
  if (fields.transfer_encodings > 1) return ParseError::duplicate_transfer_encoding;
  if (fields.transfer_encodings == 1) {
    if (version == Version::http_1_0) return ParseError::transfer_encoding_in_http_1_0;
    framing.kind = BodyFraming::Kind::chunked;
    return check_transfer_encoding(fields.transfer_encoding);
  }
  if (fields.content_lengths == 0) return ParseError::none;
  const Decimal length = parse_decimal(fields.content_length);
  if (length.overflow) return ParseError::content_length_overflow;
  if (!length.valid) {
    const bool list = fields.content_length.find(',') != std::string_view::npos;
    return list ? ParseError::duplicate_content_length : ParseError::invalid_content_length;
  }
  framing = {BodyFraming::Kind::length, length.value};
  return ParseError::none;
}

ParseError read_connection_options(const Headers& headers, ConnectionOptions& options) {
  std::size_t seen = 0;
  options = {};
  headers.for_each_element("Connection", [&](std::string_view option) {
    ++seen;
    options.close = options.close || equals_ignoring_case(option, "close");
    options.keep_alive = options.keep_alive || equals_ignoring_case(option, "keep-alive");
    options.upgrade = options.upgrade || equals_ignoring_case(option, "upgrade");
  });
  return seen > max_connection_options ? ParseError::too_many_connection_options : ParseError::none;
}

}  // namespace bulkhead::wire::http1
