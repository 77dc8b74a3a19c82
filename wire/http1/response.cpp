#include "wire/http1/response.h"

#include <algorithm>

namespace bulkhead::wire::http1 {
namespace {

constexpr StartLineRules status_line_rules{ParseError::status_line_too_long,
                                           ParseError::invalid_status_line, 0};

ParseError parse_version(std::string_view text, Version& version) {
  if (!text.starts_with("HTTP/") || !is_digit(text[5])) return ParseError::invalid_status_line;
  if (text != "HTTP/1.1" && text != "HTTP/1.0") return ParseError::version_not_supported;
  version = text.back() == '1' ? Version::http_1_1 : Version::http_1_0;
  return ParseError::none;
}

// "HTTP/1.1 200 OK". The SP after the code may be missing when no reason follows: many servers
// leave it out, and nothing can hide there.
ParseError parse_status_line(std::string_view line, ResponseHead& head) {
  const std::size_t control = find_control(line);
  if (control != std::string_view::npos) {
    return line[control] == '\r' ? ParseError::bare_carriage_return
                                 : ParseError::invalid_status_line;
  }
  if (line.size() < 12 || line[8] != ' ') return ParseError::invalid_status_line;
  const ParseError error = parse_version(line.substr(0, 8), head.version);
  if (error != ParseError::none) return error;
  const auto code = line.substr(9, 3);
  if (!std::all_of(code.begin(), code.end(), is_digit) || code.front() == '0')
    return ParseError::invalid_status_code;
  if (line.size() > 12 && line[12] != ' ') return ParseError::invalid_status_line;
  head.status = static_cast<int>(parse_decimal(code).value);
  head.reason = line.size() > 13 ? line.substr(13) : std::string_view();
  return ParseError::none;
}

}  // namespace

void ResponseHead::clear() {
  version = Version::http_1_1;
  status = 0;
  reason.clear();
  headers.clear();
  body = {};
  keep_alive = true;
}

ResponseParser::ResponseParser(ResponseContext context, const Limits& limits)
    : scanner_(limits, status_line_rules), context_(context) {}

void ResponseParser::reset() {
  scanner_.reset();
  head_.clear();
  error_ = ParseError::none;
}

void ResponseParser::reset(ResponseContext context) {
  context_ = context;
  reset();
}

// RFC 9112 section 6.3, in its order. On entry body is what the fields declare.
ParseError ResponseParser::decide_body() {
  const bool declared = head_.body.has_body();
  const int status = head_.status;
  if (status < 200 && declared) return ParseError::body_on_informational;
  if (status == 101 && !context_.upgrade_requested) return ParseError::unexpected_upgrade;
  if (status == 204 && declared)
    head_.keep_alive = false;  // it may send what it declares: let that not be a response
  const bool tunnel = context_.to_connect && status >= 200 && status < 300;
  if (status < 200 || status == 204 || status == 304 || context_.to_head || tunnel) {
    head_.body = {};
  } else if (head_.body.kind == BodyFraming::Kind::none) {
    head_.body.kind = BodyFraming::Kind::until_close;
    head_.keep_alive = false;
  }
  return ParseError::none;
}

ParseError ResponseParser::finish() {
  ConnectionOptions options;
  // RFC 9110 section 9.3.6: a tunnel has no body, whatever the fields say.
  const bool tunnel = context_.to_connect && head_.status >= 200 && head_.status < 300;
  ParseError error = ParseError::none;
  if (!tunnel) error = read_framing(head_.headers, head_.version, head_.body);
  if (error == ParseError::none) error = read_connection_options(head_.headers, options);
  if (error != ParseError::none) return error;
  head_.keep_alive = options.persists(head_.version);
  return decide_body();
}

ParseResult ResponseParser::parse(std::string_view buffer) {
  if (error_ != ParseError::none) return ParseResult::refused(error_);
  if (scanner_.position() == 0)
    head_.headers.reserve(std::min<std::size_t>(buffer.size(), 4096) + room_to_add, 16);
  const auto result = read_head(
      scanner_, buffer, head_.headers,
      [this](std::string_view line) { return parse_status_line(line, head_); },
      [this] { return finish(); });
  error_ = result.error;
  return result;
}

}  // namespace bulkhead::wire::http1
