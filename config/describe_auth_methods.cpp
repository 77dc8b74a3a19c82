// Definitions: the methods of authentication that ask somebody else.
#include <algorithm>
#include <chrono>

#include "config/describe.h"

namespace bulkhead::config {

using namespace std::chrono_literals;

namespace {

std::string url_or_empty(std::string_view text) {
  return text.empty() ? std::string() : check_http_url(text);
}

std::string check_attribute(std::string_view text) {
  const bool good =
      !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '.';
      });
  return good ? "" : "must be the name of an LDAP attribute";
}

std::string check_attribute_or_empty(std::string_view text) {
  return text.empty() ? std::string() : check_attribute(text);
}

// Becomes a part of a URL.
std::string check_host_or_empty(std::string_view text) {
  return text.empty() || check_attribute(text).empty() ? "" : "must be an id or a host name";
}

}  // namespace

template <>
void describe(Section<SystemAuth>& section) {
  section.add("service", &SystemAuth::service, "PAM service name.").check(check_token);
  section
      .add("allowed_groups", &SystemAuth::allowed_groups,
           "Groups of the system that may use the proxy; empty: all.")
      .check(check_name);
  section.add("timeout", &SystemAuth::timeout, "After this a PAM transaction is ended by force.")
      .between(100ms, 2min);
  section
      .add("max_transactions", &SystemAuth::max_transactions,
           "PAM transactions at the same time; each is a process.")
      .range(1, 256);
}

template <>
void describe(Section<LdapTls>& section) {
  section.add("skip_verify", &LdapTls::skip_verify, "Accept any certificate. For tests only.");
  section.add("start_tls", &LdapTls::start_tls, "Upgrade an ldap:// connection with StartTLS.");
  section.add("ca_cert", &LdapTls::ca_cert, "PEM file of the CAs to trust; empty: the system's.")
      .path();
}

template <>
void describe(Section<LdapAuth>& section) {
  section
      .add("server", &LdapAuth::servers,
           "ldap:// or ldaps:// URL of the directory, or a list of them, tried in order.")
      .one_or_many()
      .check(check_ldap_url);
  section.add("bind_dn", &LdapAuth::bind_dn, "DN to search with; empty: anonymous.");
  section.add("bind_password", &LdapAuth::bind_password, "Its password.").roles(auth);
  section.add("base_dn", &LdapAuth::base_dn, "Where users are searched, and groups.");
  section.add("group_base_dn", &LdapAuth::group_base_dn,
              "Where groups are searched; empty: base_dn.");
  section.add("user_filter", &LdapAuth::user_filter, "Finds a user; %s is the name.")
      .check(check_filter);
  section
      .add("group_filter", &LdapAuth::group_filter,
           "Finds a user's groups; %s is the user's DN, %u the user's name.")
      .check(check_group_filter);
  section
      .add("name_attribute", &LdapAuth::name_attribute,
           "Attribute that holds the user's name; empty: the one user_filter compares.")
      .check(check_attribute_or_empty);
  section.add("group_attribute", &LdapAuth::group_attribute, "Attribute that holds a group's name.")
      .check(check_attribute);
  section.add("nested_groups", &LdapAuth::nested_groups,
              "Whether the groups that a user's groups are members of count as well.");
  section
      .add("allowed_groups", &LdapAuth::allowed_groups,
           "Groups that may use the proxy, by DN or by name; empty: all users.")
      .check(check_not_empty);
  section.add("tls", &LdapAuth::tls, "TLS to the directory.");
  section.add("timeout", &LdapAuth::timeout, "For connecting and for each operation.")
      .between(100ms, 2min);
  section
      .add("max_connections", &LdapAuth::max_connections,
           "Connections kept for searching; checking a password takes one more.")
      .range(1, 64);
}

template <>
void describe(Section<JwtAuth>& section) {
  section.add("issuer", &JwtAuth::issuer, "The iss a token must carry, and where keys are found.")
      .check(url_or_empty);
  section
      .add("audience", &JwtAuth::audience,
           "The aud a token must carry, one of them if there are several; empty: client_id.")
      .one_or_many()
      .check(check_not_empty);
  section.add("algorithms", &JwtAuth::algorithms, "Signatures that are accepted.");
  section
      .add("jwks_url", &JwtAuth::jwks_url,
           "Where the keys are; empty: as the issuer's discovery document says.")
      .check(url_or_empty);
  section.add("leeway", &JwtAuth::leeway, "How far the issuer's clock may be off.")
      .between(0ms, 10min);
  section.add("keys_ttl", &JwtAuth::keys_ttl, "How long fetched keys are used before a refresh.")
      .between(1min, 7 * 24h);
}

template <>
void describe(Section<OauthAuth>& section) {
  section.add("provider", &OauthAuth::provider, "Presets for a well-known provider.");
  section
      .add("tenant", &OauthAuth::tenant,
           "azure: id or domain of the directory; okta: host name of the organisation.")
      .check(check_host_or_empty);
  section.add("client_id", &OauthAuth::client_id, "The proxy's client id at the provider.");
  section.add("client_secret", &OauthAuth::client_secret, "Its secret.").roles(auth);
  section.add("auth_url", &OauthAuth::auth_url, "Authorization endpoint; empty: as discovered.")
      .check(url_or_empty);
  section.add("token_url", &OauthAuth::token_url, "Token endpoint; empty: as discovered.")
      .check(url_or_empty);
  section.add("userinfo_url", &OauthAuth::userinfo_url, "Userinfo endpoint; empty: as discovered.")
      .check(url_or_empty);
  section
      .add("introspection_url", &OauthAuth::introspection_url,
           "Introspection endpoint; empty: as discovered.")
      .check(url_or_empty);
  section.add(
      "opaque_tokens", &OauthAuth::opaque_tokens,
      "How tokens that are no JWT are checked; auto: by introspection_url if it is written, "
      "by userinfo_url if that is all there is.");
  section.add("scopes", &OauthAuth::scopes, "Scopes to ask for.").check(check_not_empty);
  section.add("username_claim", &OauthAuth::username_claim,
              "Claim that names the user; empty: preferred_username, for google email.");
  section.add("groups_claim", &OauthAuth::groups_claim, "Claim that lists the user's groups.")
      .check(check_not_empty);
  section
      .add("allowed_groups", &OauthAuth::allowed_groups,
           "Groups that may use the proxy; empty: all users.")
      .check(check_name);
  section
      .add("allowed_domains", &OauthAuth::allowed_domains,
           "Domains of verified e-mail addresses that may use the proxy; empty: all users.")
      .check(check_name);
  section.add("jwt", &OauthAuth::jwt, "Validation of JWT access tokens.");
  section.add("ca_cert", &OauthAuth::ca_cert, "PEM file of the CAs to trust; empty: the system's.")
      .path();
  section.add("timeout", &OauthAuth::timeout, "For each request to the provider.")
      .between(100ms, 2min);
}

}  // namespace bulkhead::config
