#include "wire/http1/error_response.h"

#include <algorithm>
#include <array>

#include "wire/http1/date.h"

namespace bulkhead::wire::http1 {
namespace {

struct ProxyErrorRow {
  ProxyError error;
  std::string_view name;
  int status;
};

using enum ProxyError;

constexpr std::array proxy_errors{
    ProxyErrorRow{dns_timeout, "dns_timeout", 504},
    ProxyErrorRow{dns_error, "dns_error", 502},
    ProxyErrorRow{destination_not_found, "destination_not_found", 500},
    ProxyErrorRow{destination_unavailable, "destination_unavailable", 503},
    ProxyErrorRow{destination_ip_prohibited, "destination_ip_prohibited", 502},
    ProxyErrorRow{destination_ip_unroutable, "destination_ip_unroutable", 502},
    ProxyErrorRow{connection_refused, "connection_refused", 502},
    ProxyErrorRow{connection_terminated, "connection_terminated", 502},
    ProxyErrorRow{connection_timeout, "connection_timeout", 504},
    ProxyErrorRow{connection_read_timeout, "connection_read_timeout", 504},
    ProxyErrorRow{connection_write_timeout, "connection_write_timeout", 504},
    ProxyErrorRow{connection_limit_reached, "connection_limit_reached", 503},
    ProxyErrorRow{tls_protocol_error, "tls_protocol_error", 502},
    ProxyErrorRow{tls_certificate_error, "tls_certificate_error", 502},
    ProxyErrorRow{tls_alert_received, "tls_alert_received", 502},
    ProxyErrorRow{http_request_error, "http_request_error", 400},
    ProxyErrorRow{http_request_denied, "http_request_denied", 403},
    ProxyErrorRow{http_response_incomplete, "http_response_incomplete", 502},
    ProxyErrorRow{http_response_header_section_size, "http_response_header_section_size", 502},
    ProxyErrorRow{http_response_header_size, "http_response_header_size", 502},
    ProxyErrorRow{http_response_body_size, "http_response_body_size", 502},
    ProxyErrorRow{http_response_trailer_section_size, "http_response_trailer_section_size", 502},
    ProxyErrorRow{http_response_trailer_size, "http_response_trailer_size", 502},
    ProxyErrorRow{http_response_transfer_coding, "http_response_transfer_coding", 502},
    ProxyErrorRow{http_response_content_coding, "http_response_content_coding", 502},
    ProxyErrorRow{http_response_timeout, "http_response_timeout", 504},
    ProxyErrorRow{http_upgrade_failed, "http_upgrade_failed", 502},
    ProxyErrorRow{http_protocol_error, "http_protocol_error", 502},
    ProxyErrorRow{proxy_internal_response, "proxy_internal_response", 502},
    ProxyErrorRow{proxy_internal_error, "proxy_internal_error", 500},
    ProxyErrorRow{proxy_configuration_error, "proxy_configuration_error", 500},
    ProxyErrorRow{proxy_loop_detected, "proxy_loop_detected", 502},
};

constexpr bool proxy_errors_follow_the_enum() {
  for (std::size_t i = 0; i < proxy_errors.size(); ++i) {
    if (static_cast<std::size_t>(proxy_errors[i].error) != i) return false;
  }
  return proxy_errors.size() == static_cast<std::size_t>(count_);
}
static_assert(proxy_errors_follow_the_enum());

struct Phrase {
  int status;
  std::string_view text;
};

constexpr std::array phrases{Phrase{100, "Continue"},
                             Phrase{101, "Switching Protocols"},
                             Phrase{200, "OK"},
                             Phrase{204, "No Content"},
                             Phrase{301, "Moved Permanently"},
                             Phrase{302, "Found"},
                             Phrase{303, "See Other"},
                             Phrase{304, "Not Modified"},
                             Phrase{307, "Temporary Redirect"},
                             Phrase{308, "Permanent Redirect"},
                             Phrase{400, "Bad Request"},
                             Phrase{401, "Unauthorized"},
                             Phrase{403, "Forbidden"},
                             Phrase{404, "Not Found"},
                             Phrase{405, "Method Not Allowed"},
                             Phrase{407, "Proxy Authentication Required"},
                             Phrase{408, "Request Timeout"},
                             Phrase{411, "Length Required"},
                             Phrase{413, "Content Too Large"},
                             Phrase{414, "URI Too Long"},
                             Phrase{417, "Expectation Failed"},
                             Phrase{421, "Misdirected Request"},
                             Phrase{426, "Upgrade Required"},
                             Phrase{429, "Too Many Requests"},
                             Phrase{431, "Request Header Fields Too Large"},
                             Phrase{451, "Unavailable For Legal Reasons"},
                             Phrase{500, "Internal Server Error"},
                             Phrase{501, "Not Implemented"},
                             Phrase{502, "Bad Gateway"},
                             Phrase{503, "Service Unavailable"},
                             Phrase{504, "Gateway Timeout"},
                             Phrase{505, "HTTP Version Not Supported"},
                             Phrase{508, "Loop Detected"},
                             Phrase{511, "Network Authentication Required"}};

const ProxyErrorRow& row(ProxyError error) {
  const auto index = static_cast<std::size_t>(error);
  return proxy_errors[index < proxy_errors.size() ? index
                                                  : static_cast<std::size_t>(proxy_internal_error)];
}

// sf-string (RFC 8941 section 3.3.3): printable ASCII, with '"' and '\' escaped.
void append_string(std::string& out, std::string_view text) {
  out.push_back('"');
  for (const char c : text.substr(0, ProxyStatus::max_details)) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c >= 0x20 && c < 0x7f ? c : '?');
  }
  out.push_back('"');
}

// sf-token (section 3.3.4): begins with a letter or '*'; may hold ':' and '/', which a field's
// token may not.
bool is_structured_token(std::string_view text) {
  if (text.empty()) return false;
  const char first = lower(text.front());
  if (first != '*' && (first < 'a' || first > 'z')) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return octet::is(c, octet::token) || c == ':' || c == '/'; });
}

}  // namespace

std::string_view reason_phrase(int status) {
  const auto* found = std::find_if(phrases.begin(), phrases.end(),
                                   [&](const Phrase& phrase) { return phrase.status == status; });
  return found == phrases.end() ? "Unknown" : found->text;
}

std::string_view name(ProxyError error) {
  return row(error).name;
}
int recommended_status(ProxyError error) {
  return row(error).status;
}

std::string ProxyStatus::to_string() const {
  std::string value;
  if (is_structured_token(proxy)) {
    value = proxy;
  } else {
    append_string(value, proxy);
  }
  if (error) value.append("; error=").append(name(*error));
  if (received_status != 0)
    value.append("; received-status=").append(std::to_string(received_status));
  if (!next_hop.empty()) append_string(value.append("; next-hop="), next_hop);
  if (!details.empty()) append_string(value.append("; details="), details);
  return value;
}

std::string ErrorResponse::to_string() const {
  const std::string code = std::to_string(status);
  const auto phrase = reason_phrase(status);
  std::string body = code;
  body.append(" ").append(phrase).append("\n");
  if (!text.empty()) body.append(text).append("\n");

  Headers headers;
  headers.add("Date", current_date());
  headers.add("Content-Type", "text/plain; charset=utf-8");
  headers.add("Content-Length", std::to_string(body.size()));
  headers.add("X-Content-Type-Options", "nosniff");
  headers.add("Cache-Control", "no-store");
  headers.add("Connection", keep_alive ? "keep-alive" : "close");
  if (!proxy_status.empty()) headers.add("Proxy-Status", proxy_status);
  extra.for_each([&](const Field& field) { headers.add_parsed(field); });

  std::string out = "HTTP/1.1 ";
  out.append(code).append(" ").append(phrase).append("\r\n");
  headers.for_each([&](const Field& field) {
    out.append(field.name).append(": ").append(field.value).append("\r\n");
  });
  out.append("\r\n");
  if (!to_head) out.append(body);
  return out;
}

}  // namespace bulkhead::wire::http1
