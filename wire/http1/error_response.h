// What a proxy says when it has to answer itself: a complete small response, and the Proxy-Status
// field that says why (RFC 9209).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "wire/http1/headers.h"

namespace bulkhead::wire::http1 {

// The registered phrase ("Bad Gateway"), or "Unknown".
std::string_view reason_phrase(int status);

// The error types of RFC 9209 section 2.3, by their registered names.
enum class ProxyError : std::uint8_t {
  dns_timeout,
  dns_error,
  destination_not_found,
  destination_unavailable,
  destination_ip_prohibited,
  destination_ip_unroutable,
  connection_refused,
  connection_terminated,
  connection_timeout,
  connection_read_timeout,
  connection_write_timeout,
  connection_limit_reached,
  tls_protocol_error,
  tls_certificate_error,
  tls_alert_received,
  http_request_error,
  http_request_denied,
  http_response_incomplete,
  http_response_header_section_size,
  http_response_header_size,
  http_response_body_size,
  http_response_trailer_section_size,
  http_response_trailer_size,
  http_response_transfer_coding,
  http_response_content_coding,
  http_response_timeout,
  http_upgrade_failed,
  http_protocol_error,
  proxy_internal_response,
  proxy_internal_error,
  proxy_configuration_error,
  proxy_loop_detected,
  count_  // how many there are; not a value
};

std::string_view name(ProxyError error);   // "connection_refused"
int recommended_status(ProxyError error);  // what RFC 9209 recommends, 400-504

struct ProxyStatus {
  std::string_view proxy = "bulkhead";  // a token; anything else is written as a string
  std::optional<ProxyError> error = std::nullopt;
  std::string_view details =
      no_text;  // free text: cut to max_details, what is not ASCII becomes '?'
  std::string_view next_hop = no_text;  // "192.0.2.1:443"
  int received_status = 0;              // the upstream's; 0 if none came

  static constexpr std::size_t max_details = 256;

  std::string to_string() const;  // bulkhead; error=connection_refused; details="..."
};

struct ErrorResponse {
  int status = 500;
  std::string_view text = no_text;          // a sentence for a person, put after status and phrase
  std::string_view proxy_status = no_text;  // a ProxyStatus value; left out if empty
  bool keep_alive = false;                  // else "Connection: close"
  bool to_head = false;                     // the body is described but not sent
  Headers extra{};                          // Retry-After, Proxy-Authenticate, Allow ...

  // Head and body, ready to be written. Text is sent as text/plain with nosniff: what a client
  // wrote never becomes markup.
  std::string to_string() const;
};

}  // namespace bulkhead::wire::http1
