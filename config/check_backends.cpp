// Backends: sections that belong to their type, and chains that end.
#include <unordered_map>

#include "config/check.h"
#include "config/text.h"

namespace bulkhead::config {
namespace {

bool is_parent(BackendType type) {
  return type == BackendType::http || type == BackendType::socks5;
}
bool is_tunnel(BackendType type) {
  return type == BackendType::wireguard || type == BackendType::openvpn;
}

void check_section(Checker& checker, const Backend& backend, std::string_view key, bool present,
                   bool wanted) {
  if (present && !wanted)
    checker.error(backend.origin, key, "does not belong to a backend of this type");
  else if (!present && wanted)
    checker.error(backend.origin, key, "is missing", "a backend of this type needs it");
}

void check_parent(Checker& checker, const Backend& backend, const ParentProxy& proxy) {
  if (proxy.username.empty() && !proxy.password.empty())
    checker.error(backend.origin, "proxy.password", "has no username to go with");
  constexpr std::size_t longest = 255;  // RFC 1929
  if (backend.type == BackendType::socks5 &&
      (proxy.username.size() > longest || proxy.password.size() > longest))
    checker.error(backend.origin, "proxy.username", "SOCKS5 credentials have at most 255 bytes");
  if (backend.type == BackendType::socks5 && !proxy.username.empty() && proxy.password.empty())
    checker.error(backend.origin, "proxy.password", "is missing",
                  "SOCKS5 has no login without a password");
  if (backend.type == BackendType::http && proxy.username.find(':') != std::string::npos)
    checker.error(backend.origin, "proxy.username", "must not hold a colon",
                  "RFC 7617: it ends the name");
  const ParentTls& tls = proxy.tls;
  if (!tls.enabled && (!tls.server_name.empty() || !tls.ca_file.empty() || tls.skip_verify))
    checker.warn(backend.origin, "proxy.tls", "means nothing without tls.enabled: true");
  if (tls.enabled && tls.skip_verify)
    checker.warn(backend.origin, "proxy.tls.skip_verify",
                 "anybody on the way can read and change the traffic");
}

void check_openvpn(Checker& checker, const Backend& backend, const Openvpn& openvpn) {
  if (!openvpn.auth_file.empty() && !openvpn.username.empty())
    checker.error(backend.origin, "openvpn.username", "cannot stand beside auth_file",
                  "write one of the two");
  if (openvpn.username.empty() && !openvpn.password.empty())
    checker.error(backend.origin, "openvpn.password", "has no username to go with");
}

void check_what_is_asked(Checker& checker, const Backend& backend, const HealthCheck& health) {
  if (health.type == HealthCheckType::http) {
    if (health.target)
      checker.warn(backend.origin, "health_check.target", "means nothing for type http");
  } else if (backend.type == BackendType::direct && !health.target) {
    checker.error(backend.origin, "health_check.target", "is missing",
                  "a direct backend has no address of its own");
  }
  if (health.type == HealthCheckType::ping && !backend.via.empty())
    checker.warn(backend.origin, "health_check.type", "ping goes straight there, not through via");
  if (backend.type == BackendType::echo)
    checker.warn(backend.origin, "health_check", "means nothing for a backend that only echoes");
}

void check_health(Checker& checker, const Backend& backend, const HealthCheck& health) {
  const HealthDefaults settings = health.settings(checker.config().health_checks.defaults);
  if (settings.timeout > settings.interval)
    checker.error(backend.origin, "health_check.timeout", "is longer than the interval");
  if (health.type == HealthCheckType::http && health.http.url.empty())
    checker.error(backend.origin, "health_check.http", "is missing", "type http needs http.url");
  if (health.type != HealthCheckType::http && !health.http.url.empty())
    checker.warn(backend.origin, "health_check.http", "means nothing for this type");
  if (health.http.skip_verify)
    checker.warn(backend.origin, "health_check.http.skip_verify", "anybody can pass for its host");
  if (health.enabled) check_what_is_asked(checker, backend, health);
}

// Follows via from each backend; names that are not known have been complained about. A chain is
// looked at whatever else is wrong with its backends, unless it is the very keys that make it one.
void check_chain(Checker& checker, const Backend& start) {
  if (start.via.empty() || checker.broken(start.origin, "via")) return;
  if (!checker.known_backend(start.origin, "via", start.via)) return;
  if (!is_parent(start.type) && start.type != BackendType::direct &&
      !checker.broken(start.origin, "type"))
    return checker.error(start.origin, "via", "a backend of this type cannot go through another");
  unsigned depth = 1;
  for (const Backend* at = checker.backend(start.via); at != nullptr;
       at = checker.backend(at->via)) {
    if (at->type == BackendType::echo)
      return checker.error(
          start.origin, "via",
          "leads to \"" + printable(at->name) + "\", which leads nowhere: it echoes");
    if (at == &start)
      return checker.error(start.origin, "via",
                           "\"" + printable(start.name) + "\" would go through itself");
    if (++depth > max_via_depth)
      return checker.error(
          start.origin, "via",
          "more than " + std::to_string(max_via_depth) + " backends in a row, or a circle");
    if (at->via.empty()) return;
  }
}

void check_backend(Checker& checker, const Backend& backend) {
  check_section(checker, backend, "proxy", backend.proxy.has_value(), is_parent(backend.type));
  check_section(checker, backend, "wireguard", backend.wireguard.has_value(),
                backend.type == BackendType::wireguard);
  check_section(checker, backend, "openvpn", backend.openvpn.has_value(),
                backend.type == BackendType::openvpn);
  if (backend.proxy && is_parent(backend.type)) check_parent(checker, backend, *backend.proxy);
  if (backend.openvpn) check_openvpn(checker, backend, *backend.openvpn);
  if (backend.health_check) check_health(checker, backend, *backend.health_check);
  if (is_tunnel(backend.type) && !backend.unavailable.empty())
    checker.warn(
        backend.origin,
        backend.type == BackendType::wireguard ? "wireguard.config_file" : "openvpn.config_file",
        "the backend is unavailable: " + backend.unavailable);
}

}  // namespace

void check_backends(Checker& checker) {
  std::unordered_map<std::string_view, const Backend*> seen;
  for (const Backend& backend : checker.config().backends) {
    const bool broken = checker.broken(backend.origin);
    const auto [first, is_new] = seen.emplace(backend.name, &backend);
    if (!is_new && !backend.name.empty())
      checker.error(backend.origin, "name", "duplicate name \"" + printable(backend.name) + '"',
                    "first used in line " + std::to_string(first->second->origin.line));
    // What the settings of a broken entry would complain about follows from what is already
    // reported.
    if (!broken) check_backend(checker, backend);
    check_chain(checker, backend);
  }
}

}  // namespace bulkhead::config
