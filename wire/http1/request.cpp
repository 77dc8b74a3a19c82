#include "wire/http1/request.h"

#include <algorithm>

namespace bulkhead::wire::http1 {
namespace {

constexpr StartLineRules request_line_rules{ParseError::request_line_too_long,
                                            ParseError::invalid_method, 2};
constexpr std::size_t max_upgrade_protocols = 8;

ParseError parse_version(std::string_view text, Version& version) {
  if (text == "HTTP/1.1" || text == "HTTP/1.0") {
    version = text.back() == '1' ? Version::http_1_1 : Version::http_1_0;
    return ParseError::none;
  }
  const bool well_formed = text.size() == 8 && text.starts_with("HTTP/") && is_digit(text[5]) &&
                           text[6] == '.' && is_digit(text[7]);
  return well_formed ? ParseError::version_not_supported : ParseError::invalid_version;
}

// Method, target and version with exactly one SP between them (RFC 9112 section 3).
ParseError parse_request_line(std::string_view line, RequestHead& head) {
  if (line.find('\r') != std::string_view::npos) return ParseError::bare_carriage_return;
  const std::size_t first = line.find(' ');
  if (!is_token(line.substr(0, first))) return ParseError::invalid_method;
  if (first == std::string_view::npos) return ParseError::invalid_request_line;
  const std::size_t second = line.find(' ', first + 1);
  if (second == first + 1) return ParseError::invalid_request_line;
  if (second == std::string_view::npos) return ParseError::http_0_9;
  const auto version = line.substr(second + 1);
  if (version.empty() || version.find(' ') != std::string_view::npos)
    return ParseError::invalid_request_line;
  const ParseError error = parse_version(version, head.version);
  if (error != ParseError::none) return error;
  head.method = line.substr(0, first);
  head.target = line.substr(first + 1, second - first - 1);
  return parse_target(head);
}

// What an absolute target says after "//", which has been found to be good.
std::string_view authority_in(const RequestHead& head) {
  if (head.form != TargetForm::absolute) return head.target;
  const std::string_view rest = std::string_view(head.target).substr(head.target.find("://") + 3);
  const auto end =
      std::find_if(rest.begin(), rest.end(), [](char c) { return c == '/' || c == '?'; });
  return rest.substr(0, static_cast<std::size_t>(end - rest.begin()));
}

ParseError read_host(RequestHead& head) {
  std::size_t hosts = 0;
  std::string_view value;
  head.headers.for_each("Host", [&](std::string_view host) {
    ++hosts;
    value = host;
  });
  if (hosts > 1) return ParseError::duplicate_host;
  if (hosts == 0)
    return head.version == Version::http_1_1 ? ParseError::missing_host : ParseError::none;
  const bool from_target = head.form == TargetForm::absolute || head.form == TargetForm::authority;
  if (from_target && (value == head.authority.host || value == authority_in(head)))
    return ParseError::none;
  auto host = parse_authority(value, default_port(Scheme::http));
  if (!host) return ParseError::invalid_host;
  if (!from_target) head.authority = *std::move(host);
  return ParseError::none;
}

ParseError check_body(RequestHead& head) {
  if (head.method == "CONNECT") {
    if (head.body.has_body()) return ParseError::connect_with_body;
    head.body = {};
  }
  if (head.method == "TRACE" && head.body.has_body()) return ParseError::trace_with_body;
  return ParseError::none;
}

// protocol = token ["/" token] (RFC 9110 section 7.8)
bool is_protocol(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return is_token(text);
  return is_token(text.substr(0, slash)) && is_token(text.substr(slash + 1));
}

void read_upgrade(RequestHead& head) {
  head.headers.for_each_element("Upgrade", [&](std::string_view protocol) {
    if (is_protocol(protocol) && head.upgrade.size() < max_upgrade_protocols)
      head.upgrade.emplace_back(protocol);
  });
}

}  // namespace

void RequestHead::clear() {
  method.clear();
  target.clear();
  form = TargetForm::origin;
  scheme = Scheme::none;
  authority.host.clear();
  authority.port = 0;
  path_and_query.clear();
  version = Version::http_1_1;
  headers.clear();
  body = {};
  keep_alive = true;
  expects_continue = false;
  upgrade.clear();
}

RequestParser::RequestParser(const Limits& limits) : scanner_(limits, request_line_rules) {}

void RequestParser::reset() {
  scanner_.reset();
  head_.clear();
  error_ = ParseError::none;
}

ParseError RequestParser::finish() {
  ConnectionOptions options;
  ParseError error = read_host(head_);
  if (error == ParseError::none) error = read_framing(head_.headers, head_.version, head_.body);
  if (error == ParseError::none) error = check_body(head_);
  if (error == ParseError::none) error = read_connection_options(head_.headers, options);
  if (error != ParseError::none) return error;
  const bool is_1_1 = head_.version == Version::http_1_1;
  head_.keep_alive = options.persists(head_.version);
  head_.expects_continue =
      is_1_1 && head_.body.has_body() && head_.headers.has_token("Expect", "100-continue");
  if (is_1_1 && options.upgrade) read_upgrade(head_);
  return ParseError::none;
}

ParseResult RequestParser::parse(std::string_view buffer) {
  if (error_ != ParseError::none) return ParseResult::refused(error_);
  if (scanner_.position() == 0)
    head_.headers.reserve(std::min<std::size_t>(buffer.size(), 4096) + room_to_add, 16);
  const auto result = read_head(
      scanner_, buffer, head_.headers,
      [this](std::string_view line) { return parse_request_line(line, head_); },
      [this] { return finish(); });
  error_ = result.error;
  return result;
}

}  // namespace bulkhead::wire::http1
