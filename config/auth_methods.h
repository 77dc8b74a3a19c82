// The methods of authentication that ask somebody else: `server.auth.system`, `.ldap`, `.oauth`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/values.h"

namespace bulkhead::config {

// What is done with a token that is no JWT.
enum class OpaqueTokens : std::uint8_t {
  automatic,  // introspection if its URL is written; userinfo if that alone is and no issuer; else
              // off
  off,
  introspection,
  userinfo,
};
enum class OauthProvider : std::uint8_t { generic, google, azure, okta };
// RFC 7518 section 3.1 and RFC 8037. There is no "none" and no HMAC: a key that verifies could
// sign.
enum class JwtAlgorithm : std::uint8_t {
  rs256,
  rs384,
  rs512,
  ps256,
  ps384,
  ps512,
  es256,
  es384,
  es512,
  eddsa
};

struct SystemAuth {
  std::string service = "bulkhead";         // PAM service
  std::vector<std::string> allowed_groups;  // empty: every user of the system
  Duration timeout{10'000};                 // of one transaction; its process is killed then
  std::uint32_t max_transactions = 16;      // at the same time; more are answered "unavailable"
  friend bool operator==(const SystemAuth&, const SystemAuth&) = default;
};

struct LdapTls {
  bool skip_verify = false;
  bool start_tls = false;
  std::string ca_cert;  // path of a PEM file; empty: the system's
  friend bool operator==(const LdapTls&, const LdapTls&) = default;
};

struct LdapAuth {
  std::vector<std::string> servers;  // ldap:// or ldaps:// URLs; tried in order
  std::string bind_dn;
  Secret bind_password;
  std::string base_dn;
  std::string group_base_dn;                 // empty: base_dn
  std::string user_filter = "(uid=%s)";      // %s: the user's name, escaped
  std::string group_filter = "(member=%s)";  // %s: the user's DN, %u: the user's name, escaped
  std::string name_attribute;                // whose value is the user's name; empty: user_filter's
  std::string group_attribute = "cn";        // whose value is a group's name
  bool nested_groups = false;
  std::vector<std::string> allowed_groups;  // DNs, or names
  LdapTls tls;
  Duration timeout{5'000};            // of connecting, and of each operation
  std::uint32_t max_connections = 8;  // for searching; a user's own bind has another as long
  friend bool operator==(const LdapAuth&, const LdapAuth&) = default;
};

struct JwtAuth {
  std::string issuer;
  std::vector<std::string> audience;  // one of them must be in aud; empty: client_id
  std::vector<JwtAlgorithm> algorithms = {
      JwtAlgorithm::rs256, JwtAlgorithm::rs384, JwtAlgorithm::rs512, JwtAlgorithm::ps256,
      JwtAlgorithm::ps384, JwtAlgorithm::ps512, JwtAlgorithm::es256, JwtAlgorithm::es384,
      JwtAlgorithm::es512, JwtAlgorithm::eddsa};
  std::string jwks_url;          // empty: as the issuer's discovery document says
  Duration leeway{30'000};       // how far clocks may be apart
  Duration keys_ttl{3'600'000};  // keys are fetched anew after this, and when one is not known
  friend bool operator==(const JwtAuth&, const JwtAuth&) = default;
};

struct OauthAuth {
  OauthProvider provider = OauthProvider::generic;
  std::string tenant;  // azure: the directory; okta: the organisation's host name
  std::string client_id;
  Secret client_secret;
  std::string auth_url;  // empty: as discovered, for this and token_url
  std::string token_url;
  std::string userinfo_url;
  std::string introspection_url;
  OpaqueTokens opaque_tokens = OpaqueTokens::automatic;
  std::vector<std::string> scopes = {"openid", "profile"};
  std::string username_claim;  // empty: the provider's; preferred_username, google: email
  std::string groups_claim = "groups";
  std::vector<std::string> allowed_groups;
  std::vector<std::string> allowed_domains;  // of the verified e-mail address; empty: all
  JwtAuth jwt;
  std::string ca_cert;       // path of a PEM file; empty: the system's
  Duration timeout{10'000};  // of each request to the provider

  OpaqueTokens opaque_tokens_in_force() const;  // never automatic
  friend bool operator==(const OauthAuth&, const OauthAuth&) = default;
};

}  // namespace bulkhead::config
