// The four forms of a request target (RFC 9112 section 3.2).
#include <algorithm>

#include "wire/http1/request.h"

namespace bulkhead::wire::http1 {
namespace {

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return octet::is(c, octet::target); });
}

ParseError take_authority(std::string_view text, Scheme scheme, RequestHead& head) {
  if (text.find('@') != std::string_view::npos) return ParseError::userinfo_in_target;
  auto authority = parse_authority(text, default_port(scheme));
  if (!authority) return ParseError::invalid_authority;
  head.authority = *std::move(authority);
  return ParseError::none;
}

ParseError take_scheme(std::string_view text, RequestHead& head) {
  if (equals_ignoring_case(text, "http")) {
    head.scheme = Scheme::http;
  } else if (equals_ignoring_case(text, "https")) {
    head.scheme = Scheme::https;
  } else {
    const bool plausible = std::all_of(text.begin(), text.end(), [](char c) {
      return octet::is(c, octet::token) && c != '%' && c != '_';
    });
    return plausible && !text.empty() ? ParseError::unsupported_scheme : ParseError::invalid_target;
  }
  return ParseError::none;
}

ParseError parse_absolute(std::string_view target, std::size_t colon, RequestHead& head) {
  head.form = TargetForm::absolute;
  const ParseError error = take_scheme(target.substr(0, colon), head);
  if (error != ParseError::none) return error;
  target.remove_prefix(colon + 3);
  const auto end =
      std::find_if(target.begin(), target.end(), [](char c) { return c == '/' || c == '?'; });
  const auto path = static_cast<std::size_t>(end - target.begin());
  const auto rest = target.substr(path);
  // An OPTIONS for the whole server goes to the origin as "*" (section 3.2.4).
  if (rest.empty() && head.method == "OPTIONS") {
    head.path_and_query = "*";
  } else {
    head.path_and_query.assign(rest.empty() || rest.front() == '?' ? "/" : "").append(rest);
  }
  return take_authority(target.substr(0, path), head.scheme, head);
}

}  // namespace

std::string_view to_string(Scheme scheme) {
  if (scheme == Scheme::none) return {};
  return scheme == Scheme::http ? "http" : "https";
}

std::uint16_t default_port(Scheme scheme) {
  if (scheme == Scheme::none) return 0;
  return scheme == Scheme::http ? 80 : 443;
}

std::optional<HostPort> parse_authority(std::string_view text, std::uint16_t default_port) {
  if (!is_ascii(text)) return std::nullopt;
  // An empty port is the scheme's own (RFC 3986 section 3.2.3). CONNECT has none.
  if (default_port != 0 && text.ends_with(':')) text.remove_suffix(1);
  return HostPort::parse(text, default_port);
}

ParseError parse_target(RequestHead& head) {
  const std::string_view target = head.target;
  for (const char c : target) {
    if (!octet::is(c, octet::target)) return ParseError::invalid_target_octet;
    if (c == '#') return ParseError::fragment_in_target;
  }
  if (target.empty()) return ParseError::invalid_target;
  if (head.method == "CONNECT") {
    head.form = TargetForm::authority;
    return take_authority(target, Scheme::none, head);
  }
  head.scheme = Scheme::http;
  if (target.front() == '/') {
    head.form = TargetForm::origin;
    head.path_and_query = target;
    return ParseError::none;
  }
  if (target == "*") {
    head.form = TargetForm::asterisk;
    head.path_and_query = target;
    return head.method == "OPTIONS" ? ParseError::none : ParseError::invalid_target;
  }
  const std::size_t colon = target.find("://");
  return colon == std::string_view::npos ? ParseError::invalid_target
                                         : parse_absolute(target, colon, head);
}

}  // namespace bulkhead::wire::http1
