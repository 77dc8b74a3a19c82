// Why something was refused or failed, once for all: what the client is told (HTTP status, RFC 9209
// error, SOCKS reply), what the log says and what the metric counts come from one table.
#pragma once

#include <cstdint>
#include <string_view>

namespace bulkhead::proto {

enum class Refusal : std::uint8_t {
  internal_error,
  // what the client sent
  bad_request,
  header_timeout,
  unsupported_command,
  unsupported_address_type,
  no_acceptable_authentication,
  loop_detected,
  // who the client is, and what it asks for
  client_denied,
  authentication_required,
  authentication_failed,
  authentication_throttled,
  authentication_unavailable,
  rule_blocked,
  no_rule,
  backend_denied,
  user_denied,
  quota_exceeded,
  destination_denied,
  // how much of it there is already
  banned,
  rate_limit_global,
  rate_limit_ip,
  rate_limit_user,
  connection_rate_ip,
  connection_limit,
  connection_limit_ip,
  connection_limit_user,
  // the way out
  backend_unavailable,
  backend_unsuitable,
  parent_unreachable,
  parent_refused,
  parent_authentication_failed,
  parent_protocol_error,
  tls_failed,
  name_not_found,
  dns_failed,
  dns_timeout,
  connection_refused,
  network_unreachable,
  host_unreachable,
  connect_timeout,
  connection_reset,
  upstream_timeout,
  upstream_protocol_error,
  // us
  egress_unavailable,
  overloaded,
  shutting_down,
  end_
};

struct RefusalTerms {
  Refusal refusal;
  std::string_view name;  // log and metric: lower case, stable
  std::uint16_t http_status;
  std::string_view proxy_status;  // RFC 9209 section 2.3 error type
  std::uint8_t socks5_reply;      // RFC 1928 section 6
  std::string_view explanation;   // the short body; says nothing about the inside
};

const RefusalTerms& terms_of(Refusal refusal);
inline std::string_view to_string(Refusal refusal) {
  return terms_of(refusal).name;
}

}  // namespace bulkhead::proto
