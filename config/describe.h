// Declares the definition of every section, so that each stands in exactly one describe_*.cpp.
// Internal to config/.
#pragma once

#include "config/managed.h"
#include "config/model.h"
#include "config/scalars.h"
#include "config/type.h"

namespace bulkhead::config {

template <>
void describe(Section<UserLimits>& section);
template <>
void describe(Section<AuthCache>& section);
template <>
void describe(Section<Lockout>& section);
template <>
void describe(Section<AuthUser>& section);
template <>
void describe(Section<AuthAcl>& section);
template <>
void describe(Section<NativeAuth>& section);
template <>
void describe(Section<SystemAuth>& section);
template <>
void describe(Section<LdapTls>& section);
template <>
void describe(Section<LdapAuth>& section);
template <>
void describe(Section<JwtAuth>& section);
template <>
void describe(Section<OauthAuth>& section);
template <>
void describe(Section<Auth>& section);
template <>
void describe(Section<ProxyProtocol>& section);
template <>
void describe(Section<Server>& section);
template <>
void describe(Section<Listener>& section);
template <>
void describe(Section<Ipv6>& section);
template <>
void describe(Section<Timeouts>& section);
template <>
void describe(Section<Keepalive>& section);
template <>
void describe(Section<Limits>& section);
template <>
void describe(Section<Dns>& section);
template <>
void describe(Section<Http>& section);
template <>
void describe(Section<Network>& section);
template <>
void describe(Section<RequestRate>& section);
template <>
void describe(Section<ConnectionRate>& section);
template <>
void describe(Section<Bandwidth>& section);
template <>
void describe(Section<RateLimiting>& section);
template <>
void describe(Section<Destinations>& section);
template <>
void describe(Section<Abuse>& section);
template <>
void describe(Section<AccessControl>& section);
template <>
void describe(Section<HealthDefaults>& section);
template <>
void describe(Section<PassiveChecks>& section);
template <>
void describe(Section<HealthChecks>& section);
template <>
void describe(Section<HealthHttp>& section);
template <>
void describe(Section<HealthCheck>& section);
template <>
void describe(Section<ParentTls>& section);
template <>
void describe(Section<ParentProxy>& section);
template <>
void describe(Section<Wireguard>& section);
template <>
void describe(Section<Openvpn>& section);
template <>
void describe(Section<Backend>& section);
template <>
void describe(Section<WeightedBackend>& section);
template <>
void describe(Section<LoadBalancing>& section);
template <>
void describe(Section<Redirect>& section);
template <>
void describe(Section<Match>& section);
template <>
void describe(Section<Rule>& section);
template <>
void describe(Section<Rotate>& section);
template <>
void describe(Section<AccessLog>& section);
template <>
void describe(Section<Metrics>& section);
template <>
void describe(Section<Workers>& section);
template <>
void describe(Section<Shutdown>& section);
template <>
void describe(Section<Reload>& section);
template <>
void describe(Section<Config>& section);
template <>
void describe(Section<ManagedRule>& section);
template <>
void describe(Section<Managed>& section);

// Who may know what, by name.
inline constexpr Roles acceptor = role(Role::acceptor);
inline constexpr Roles egress = role(Role::egress);
inline constexpr Roles tunnel = role(Role::tunnel);
inline constexpr Roles auth = role(Role::auth);
inline constexpr Roles admin = role(Role::admin);
inline constexpr Roles supervisor_only = 0;

// Checks of single texts.
std::string check_not_empty(std::string_view text);
std::string check_name(std::string_view text);      // 1-64 characters without control characters
std::string check_http_url(std::string_view text);  // http:// or https://
std::string check_ldap_url(std::string_view text);  // ldap:// or ldaps://
std::string check_filter(std::string_view text);    // an LDAP filter with exactly one %s
std::string check_group_filter(std::string_view text);  // the same, or with one %u
std::string check_password_hash(std::string_view text);
std::string check_user_name(std::string_view text);  // a name without a colon (RFC 7617)
std::string check_realm(std::string_view text);      // ASCII without quotes
std::string check_store_url(std::string_view text);  // postgresql://, or empty
std::string check_token(std::string_view text);      // RFC 9110 token
std::string check_url_path(std::string_view text);   // begins with '/'

}  // namespace bulkhead::config
