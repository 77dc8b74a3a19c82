#include "proto/refusal.h"

#include <array>

namespace bulkhead::proto {
namespace {

using enum Refusal;

// SOCKS5 replies: 1 general failure, 2 not allowed, 3 network unreachable, 4 host unreachable, 5
// connection refused, 6 TTL expired (time-outs), 7 command not supported, 8 address type not
// supported.
constexpr std::array table{
    RefusalTerms{internal_error, "internal_error", 500, "proxy_internal_error", 1,
                 "The proxy failed to handle this request."},
    RefusalTerms{bad_request, "bad_request", 400, "http_request_error", 1,
                 "The request is not valid."},
    RefusalTerms{header_timeout, "header_timeout", 408, "http_request_error", 1,
                 "The request took too long to arrive."},
    RefusalTerms{unsupported_command, "unsupported_command", 501, "http_request_error", 7,
                 "This kind of request is not supported."},
    RefusalTerms{unsupported_address_type, "unsupported_address_type", 400, "http_request_error", 8,
                 "This kind of address is not supported."},
    RefusalTerms{no_acceptable_authentication, "no_acceptable_authentication", 407,
                 "http_request_denied", 2, "No acceptable way to authenticate was offered."},
    RefusalTerms{loop_detected, "loop_detected", 508, "proxy_loop_detected", 1,
                 "The request has been through this proxy before."},
    RefusalTerms{client_denied, "client_denied", 403, "http_request_denied", 2,
                 "This address may not use the proxy."},
    RefusalTerms{authentication_required, "authentication_required", 407, "http_request_denied", 2,
                 "This proxy wants to know who you are."},
    RefusalTerms{authentication_failed, "authentication_failed", 407, "http_request_denied", 2,
                 "These credentials are not valid here."},
    RefusalTerms{authentication_throttled, "authentication_throttled", 429, "http_request_denied",
                 2, "Too many wrong credentials: try again later."},
    RefusalTerms{authentication_unavailable, "authentication_unavailable", 503,
                 "proxy_internal_error", 2,
                 "The proxy cannot check who you are, so it serves nobody."},
    RefusalTerms{rule_blocked, "rule_blocked", 403, "http_request_denied", 2,
                 "A rule of this proxy blocks the destination."},
    RefusalTerms{no_rule, "no_rule", 403, "http_request_denied", 2,
                 "No rule of this proxy covers the destination."},
    RefusalTerms{backend_denied, "backend_denied", 403, "http_request_denied", 2,
                 "You may not use the way out chosen for this destination."},
    RefusalTerms{user_denied, "user_denied", 403, "http_request_denied", 2,
                 "This destination is not one of those you may use."},
    RefusalTerms{quota_exceeded, "quota_exceeded", 403, "http_request_denied", 2,
                 "Your traffic quota of this month is used up."},
    RefusalTerms{destination_denied, "destination_denied", 403, "destination_ip_prohibited", 2,
                 "The destination address is not allowed."},
    RefusalTerms{banned, "banned", 403, "http_request_denied", 2,
                 "This address is kept out for a while."},
    RefusalTerms{rate_limit_global, "rate_limit_global", 429, "http_request_denied", 2,
                 "The proxy has had as many requests as it takes."},
    RefusalTerms{rate_limit_ip, "rate_limit_ip", 429, "http_request_denied", 2,
                 "Too many requests from this address."},
    RefusalTerms{rate_limit_user, "rate_limit_user", 429, "http_request_denied", 2,
                 "Too many requests of this user."},
    RefusalTerms{connection_rate_ip, "connection_rate_ip", 429, "http_request_denied", 2,
                 "This address opens connections too fast."},
    RefusalTerms{connection_limit, "connection_limit", 429, "connection_limit_reached", 2,
                 "The proxy has as many connections as it takes."},
    RefusalTerms{connection_limit_ip, "connection_limit_ip", 429, "connection_limit_reached", 2,
                 "Too many connections from this address."},
    RefusalTerms{connection_limit_user, "connection_limit_user", 429, "connection_limit_reached", 2,
                 "Too many connections of this user."},
    RefusalTerms{backend_unavailable, "backend_unavailable", 503, "destination_unavailable", 1,
                 "The way out chosen for this destination is not available."},
    RefusalTerms{backend_unsuitable, "backend_unsuitable", 502, "proxy_configuration_error", 7,
                 "The way out chosen for this destination cannot carry this protocol."},
    RefusalTerms{parent_unreachable, "parent_unreachable", 502, "destination_unavailable", 1,
                 "The next proxy cannot be reached."},
    RefusalTerms{parent_refused, "parent_refused", 502, "destination_unavailable", 1,
                 "The next proxy refused the request."},
    RefusalTerms{parent_authentication_failed, "parent_authentication_failed", 502,
                 "proxy_configuration_error", 1, "The next proxy did not accept this proxy."},
    RefusalTerms{parent_protocol_error, "parent_protocol_error", 502, "http_protocol_error", 1,
                 "The next proxy gave an invalid answer."},
    RefusalTerms{tls_failed, "tls_failed", 502, "tls_protocol_error", 1,
                 "No secure connection to the next proxy could be made."},
    RefusalTerms{name_not_found, "name_not_found", 502, "dns_error", 4,
                 "The name of the destination does not exist."},
    RefusalTerms{dns_failed, "dns_failed", 502, "dns_error", 4,
                 "The name of the destination could not be resolved."},
    RefusalTerms{dns_timeout, "dns_timeout", 504, "dns_timeout", 4,
                 "Resolving the name of the destination took too long."},
    RefusalTerms{connection_refused, "connection_refused", 502, "connection_refused", 5,
                 "The destination refused the connection."},
    RefusalTerms{network_unreachable, "network_unreachable", 502, "destination_ip_unroutable", 3,
                 "The network of the destination cannot be reached."},
    RefusalTerms{host_unreachable, "host_unreachable", 502, "destination_ip_unroutable", 4,
                 "The destination cannot be reached."},
    RefusalTerms{connect_timeout, "connect_timeout", 504, "connection_timeout", 6,
                 "Connecting to the destination took too long."},
    RefusalTerms{connection_reset, "connection_reset", 502, "connection_terminated", 1,
                 "The destination closed the connection."},
    RefusalTerms{upstream_timeout, "upstream_timeout", 504, "http_response_timeout", 6,
                 "The destination took too long to answer."},
    RefusalTerms{upstream_protocol_error, "upstream_protocol_error", 502, "http_protocol_error", 1,
                 "The destination gave an invalid answer."},
    RefusalTerms{egress_unavailable, "egress_unavailable", 503, "proxy_internal_error", 1,
                 "The proxy cannot open connections at the moment."},
    RefusalTerms{overloaded, "overloaded", 503, "connection_limit_reached", 1,
                 "The proxy has reached a limit."},
    RefusalTerms{shutting_down, "shutting_down", 503, "proxy_internal_error", 1,
                 "The proxy is shutting down."},
};

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (static_cast<std::size_t>(table[i].refusal) != i) return false;
  }
  return table.size() == static_cast<std::size_t>(Refusal::end_);
}
static_assert(is_in_order(), "the table has one row a refusal, in the order of the enum");

}  // namespace

const RefusalTerms& terms_of(Refusal refusal) {
  const auto index = static_cast<std::size_t>(refusal);
  return table[index < table.size() ? index : 0];
}

}  // namespace bulkhead::proto
