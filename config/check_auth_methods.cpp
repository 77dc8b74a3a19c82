// server.auth.ldap and .oauth: what they need, and what would let in more than is meant.
#include "config/check.h"
#include "config/text.h"

namespace bulkhead::config {
namespace {

const Origin in_auth{Origin::Source::file, "server.auth", 0, 0};

void need(Checker& checker, std::string_view key, const std::string& value, std::string hint = {}) {
  if (value.empty() && !checker.broken("server.auth." + std::string(key)))
    checker.error(in_auth, key, "is missing", std::move(hint));
}

void check_ldap_server(Checker& checker, const LdapAuth& ldap, std::size_t index) {
  const std::string& server = ldap.servers[index];
  const bool encrypted = server.starts_with("ldaps://");
  if (encrypted && ldap.tls.start_tls)
    checker.error(in_auth, "ldap.tls.start_tls", "is for ldap://; ldaps:// begins with TLS");
  if (!encrypted && !ldap.tls.start_tls)
    checker.warn(in_auth, element("ldap.server", index), "passwords travel in clear",
                 "use ldaps:// or ldap.tls.start_tls");
}

}  // namespace

void check_ldap(Checker& checker, const LdapAuth& ldap) {
  if (ldap.servers.empty() && !checker.broken("server.auth.ldap.server"))
    checker.error(in_auth, "ldap.server", "is missing", R"(like "ldaps://ldap.example.com:636")");
  need(checker, "ldap.base_dn", ldap.base_dn, R"(like "dc=example,dc=com")");
  if (ldap.bind_dn.empty() && !ldap.bind_password.empty())
    checker.error(in_auth, "ldap.bind_password", "has no bind_dn to go with");
  if (!ldap.bind_dn.empty() && ldap.bind_password.empty())
    checker.error(in_auth, "ldap.bind_password", "is missing",
                  "RFC 4513 5.1.2: a bind without a password succeeds and proves nothing");
  if (ldap.tls.skip_verify)
    checker.warn(in_auth, "ldap.tls.skip_verify", "anybody on the way can read passwords");
  if (ldap.nested_groups && ldap.group_filter.find("%u") != std::string::npos)
    checker.error(in_auth, "ldap.nested_groups", "needs a group_filter with %s",
                  "groups have a DN, not a user's name");
  for (std::size_t index = 0; index < ldap.servers.size(); ++index)
    check_ldap_server(checker, ldap, index);
}

namespace {

void check_provider(Checker& checker, const OauthAuth& oauth) {
  using enum OauthProvider;
  const bool named = oauth.provider == azure || oauth.provider == okta;
  if (named && oauth.jwt.issuer.empty()) need(checker, "oauth.tenant", oauth.tenant);
  if (!named && !oauth.tenant.empty())
    checker.warn(in_auth, "oauth.tenant", "is for azure and okta: it has no effect");
  const bool any_tenant =
      oauth.tenant == "common" || oauth.tenant == "organizations" || oauth.tenant == "consumers";
  if (oauth.provider == azure && any_tenant)
    checker.error(in_auth, "oauth.tenant", "must name one directory",
                  "every Microsoft account could log in");
  if (oauth.provider == google && oauth.allowed_domains.empty() && oauth.allowed_groups.empty())
    checker.warn(in_auth, "oauth.allowed_domains",
                 "is empty: everybody with a Google account can log in");
}

void check_opaque_tokens(Checker& checker, const OauthAuth& oauth) {
  const OpaqueTokens opaque = oauth.opaque_tokens_in_force();
  const bool discovered = !oauth.jwt.issuer.empty() || oauth.provider != OauthProvider::generic;
  if (opaque == OpaqueTokens::introspection && oauth.client_secret.empty() &&
      oauth.provider != OauthProvider::google)
    checker.error(in_auth, "oauth.client_secret", "is missing",
                  "RFC 7662: introspection needs a login of the proxy's own");
  if (opaque == OpaqueTokens::introspection && oauth.introspection_url.empty() && !discovered)
    checker.error(in_auth, "oauth.introspection_url", "is missing");
  if (opaque == OpaqueTokens::userinfo && oauth.userinfo_url.empty() && !discovered)
    checker.error(in_auth, "oauth.userinfo_url", "is missing");
  if (opaque == OpaqueTokens::userinfo)
    checker.warn(in_auth, "oauth.opaque_tokens",
                 "userinfo does not say for whom a token was issued: those for other services are "
                 "accepted",
                 "use introspection");
}

}  // namespace

void check_oauth(Checker& checker, const OauthAuth& oauth) {
  const bool generic = oauth.provider == OauthProvider::generic;
  if (generic && oauth.jwt.issuer.empty() && oauth.userinfo_url.empty() &&
      oauth.introspection_url.empty() && !checker.broken("server.auth.oauth"))
    checker.error(in_auth, "oauth", "has no way to verify a token",
                  "write jwt.issuer, introspection_url or userinfo_url");
  need(checker, "oauth.client_id", oauth.client_id);
  check_provider(checker, oauth);
  if (generic && oauth.jwt.issuer.empty() && !oauth.jwt.jwks_url.empty())
    checker.error(in_auth, "oauth.jwt.issuer", "is missing",
                  "keys without an issuer prove nothing");
  if (oauth.jwt.algorithms.empty())
    checker.error(in_auth, "oauth.jwt.algorithms", "is empty: no token would be accepted");
  check_opaque_tokens(checker, oauth);
  const std::pair<std::string_view, const std::string*> urls[] = {
      {"oauth.auth_url", &oauth.auth_url},
      {"oauth.token_url", &oauth.token_url},
      {"oauth.userinfo_url", &oauth.userinfo_url},
      {"oauth.introspection_url", &oauth.introspection_url},
      {"oauth.jwt.issuer", &oauth.jwt.issuer},
      {"oauth.jwt.jwks_url", &oauth.jwt.jwks_url}};
  for (const auto& [key, url] : urls)
    if (url->starts_with("http://") && !is_loopback_url(*url))
      checker.error(in_auth, key, "must be https://",
                    "http:// is for addresses of this machine, like http://127.0.0.1:8080");
}

}  // namespace bulkhead::config
