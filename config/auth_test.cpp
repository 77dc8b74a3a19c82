// server.auth: every mode of the specification, and what is wrong with it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/store_url.h"
#include "config/testing.h"

namespace bulkhead::config {
namespace {

using ::testing::AllOf;
using testing::complaints;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

LoadOptions with_environment() {
  LoadOptions options;
  options.environment = [](std::string_view name) { return "value-of-" + std::string(name); };
  return options;
}

TEST(Auth, NativeOfTheSpecification) {
  const LoadResult result = load_text(R"yaml(
server:
  auth:
    mode: "native"
    native:
      users:
        - username: "user1"
          password_hash: "$2a$10$..."  # bcrypt hash
          groups: ["streaming", "work"]
        - username: "user2"
          password_hash: "$2a$10$..."
          groups: ["streaming"]
      acl:
        - group: "streaming"
          backends: ["direct"]
        - group: "work"
          backends: ["*"]
)yaml",
                                      "test.yaml");
  ASSERT_TRUE(result.config) << ::testing::PrintToString(testing::texts(result.diagnostics));
  EXPECT_THAT(testing::texts(result.diagnostics), Each(HasSubstr("is no whole bcrypt hash")));
  const NativeAuth& native = result.config->server.auth.native;
  EXPECT_EQ(native.users[0].password_hash.reveal(), "$2a$10$...");
  EXPECT_THAT(native.users[0].groups, ElementsAre("streaming", "work"));
  EXPECT_THAT(native.acl[1].backends, ElementsAre("*"));
}

TEST(Auth, SystemOfTheSpecification) {
  const LoadResult result = load_text(R"yaml(
server:
  auth:
    mode: "system"
    system:
      allowed_groups: ["proxy-users", "admins"]
)yaml",
                                      "test.yaml");
  ASSERT_TRUE(result.config);
  EXPECT_THAT(result.config->server.auth.system.allowed_groups,
              ElementsAre("proxy-users", "admins"));
}

TEST(Auth, LdapOfTheSpecification) {
  const LoadResult result = load_text(R"yaml(
server:
  auth:
    mode: "ldap"
    ldap:
      server: "ldap://ldap.example.com:389"
      bind_dn: "cn=service,dc=example,dc=com"
      bind_password: "${LDAP_BIND_PASSWORD}"
      base_dn: "dc=example,dc=com"
      user_filter: "(sAMAccountName=%s)"
      group_filter: "(member=%s)"
      allowed_groups:
        - "CN=ProxyUsers,OU=Groups,DC=example,DC=com"
      tls:
        skip_verify: false
        ca_cert: "/path/to/ca.crt"
)yaml",
                                      "test.yaml", with_environment());
  ASSERT_TRUE(result.config) << ::testing::PrintToString(testing::texts(result.diagnostics));
  EXPECT_THAT(testing::texts(result.diagnostics),
              ElementsAre(HasSubstr("passwords travel in clear")));
  EXPECT_EQ(result.config->server.auth.ldap.bind_password.reveal(), "value-of-LDAP_BIND_PASSWORD");
}

TEST(Auth, OauthOfTheSpecification) {
  const LoadResult result = load_text(R"yaml(
server:
  auth:
    mode: "oauth"
    oauth:
      provider: "generic"
      client_id: "${OAUTH_CLIENT_ID}"
      client_secret: "${OAUTH_CLIENT_SECRET}"
      auth_url: "https://auth.example.com/authorize"
      token_url: "https://auth.example.com/token"
      userinfo_url: "https://auth.example.com/userinfo"
      scopes: ["openid", "profile", "groups"]
      username_claim: "preferred_username"
      groups_claim: "groups"
      allowed_groups: ["proxy-users"]
      jwt:
        issuer: "https://auth.example.com"
        audience: "simple-proxy"
)yaml",
                                      "test.yaml", with_environment());
  ASSERT_TRUE(result.config);
  EXPECT_THAT(result.diagnostics, IsEmpty());
  EXPECT_EQ(result.config->server.auth.oauth.client_secret.reveal(),
            "value-of-OAUTH_CLIENT_SECRET");
  EXPECT_THAT(result.config->server.auth.oauth.jwt.audience, ElementsAre("simple-proxy"));
}

TEST(Auth, SeveralModesInOrder) {
  const LoadResult result = load_text(R"yaml(
server:
  auth:
    mode: [native, ldap]
    trusted_networks: ["10.1.0.0/16"]
    timeout: 5s
    cache: {ttl: 30s, failure_ttl: 0s}
    lockout: {free_attempts: 2, ban_after: 4, allow: ["192.0.2.0/24"]}
    limits: {max_connections: 20}
    store: "postgresql://proxy@db.example/proxy?sslmode=verify-full"
    native:
      users:
        - username: alice
          password_hash: "$y$j9T$x$y"
          limits: {max_mbps: 8, monthly_quota: 10GB, domains: ["*.example.com"], destinations: [192.0.2.0/24]}
    ldap: {server: "ldaps://h", base_dn: dc=x}
)yaml",
                                      "test.yaml");
  ASSERT_TRUE(result.config) << ::testing::PrintToString(testing::texts(result.diagnostics));
  EXPECT_THAT(result.diagnostics, IsEmpty());
  const ::bulkhead::config::Auth& auth = result.config->server.auth;
  EXPECT_THAT(auth.mode, ElementsAre(AuthMode::native, AuthMode::ldap));
  EXPECT_TRUE(auth.required());
  EXPECT_TRUE(auth.uses(AuthMode::ldap));
  EXPECT_FALSE(auth.uses(AuthMode::oauth));
  EXPECT_EQ(auth.limits.max_connections, 20U);
  const UserLimits& limits = *auth.native.users[0].limits;
  EXPECT_EQ(limits.monthly_quota.bytes, 10'000'000'000U);
  EXPECT_EQ(limits.max_connections, 0U);
  EXPECT_THAT(limits.domains, ElementsAre(DomainPattern{"*.example.com"}));
  EXPECT_EQ(auth.lockout.ban_after, 4U);
}

TEST(Auth, LimitsAreReadOverOthers) {
  UserLimits limits;
  limits.max_connections = 7;
  EXPECT_THAT(read_user_limits("{max_mbps: 2.5, domains: ['*.Example.com']}", limits), IsEmpty());
  EXPECT_EQ(limits.max_connections, 7U);
  EXPECT_EQ(limits.max_mbps, 2.5);
  EXPECT_THAT(limits.domains, ElementsAre(DomainPattern{"*.example.com"}));
  EXPECT_THAT(testing::texts(read_user_limits("{max_mbps: -1, burst: 5}", limits)),
              ElementsAre(HasSubstr("max_mbps")));
  EXPECT_THAT(testing::texts(read_user_limits("{bandwidth: 1}", limits)),
              ElementsAre(HasSubstr("unknown key")));
  EXPECT_EQ(limits.burst, 0U);
}

TEST(Auth, ModesThatDoNotGoTogether) {
  EXPECT_THAT(complaints("server: {auth: {mode: []}}\n"), ElementsAre(HasSubstr("is empty")));
  EXPECT_THAT(complaints("server: {auth: {mode: [native, none]}}\n"),
              ElementsAre(HasSubstr("none goes with no other")));
  EXPECT_THAT(complaints("server: {auth: {mode: [native, native]}}\n"),
              ElementsAre(HasSubstr("names one twice")));
  EXPECT_THAT(complaints("server: {auth: {lockout: {delay: 5s, max_delay: 1s}}}\n"),
              ElementsAre(HasSubstr("is shorter than lockout.delay")));
  EXPECT_THAT(complaints("server: {auth: {store: 'mysql://x:hunter2@y', realm: 'a\"b'}}\n"),
              AllOf(Contains(HasSubstr("must be a postgresql:// URL")),
                    Contains(HasSubstr("without quotes")), Each(Not(HasSubstr("hunter2")))));
}

TEST(Auth, WhatIsWrong) {
  EXPECT_THAT(complaints("server: {auth: {mode: kerberos}}\n"),
              ElementsAre(HasSubstr("expected one of none, native, system, ldap, oauth")));
  EXPECT_THAT(complaints("server: {auth: {mode: ldap}}\n"),
              ElementsAre(HasSubstr("server.auth.ldap.base_dn: is missing"),
                          HasSubstr("server.auth.ldap.server: is missing")));
  EXPECT_THAT(complaints("server: {auth: {mode: ldap, ldap: {server: 'http://x', base_dn: d, "
                         "user_filter: '(uid=x)', "
                         "bind_password: hunter2}}}\n"),
              AllOf(Contains(HasSubstr("expected an ldap:// or ldaps:// URL")),
                    Contains(HasSubstr("must hold %s")), Contains(HasSubstr("has no bind_dn")),
                    Each(Not(HasSubstr("hunter2")))));
  EXPECT_THAT(complaints("server: {auth: {mode: oauth}}\n"),
              ElementsAre(HasSubstr("server.auth.oauth: has no way to verify"),
                          HasSubstr("server.auth.oauth.client_id: is missing")));
  EXPECT_THAT(
      complaints("server:\n  auth:\n    mode: native\n    native:\n      users:\n"
                 "        - {username: a, password_hash: hunter2}\n"
                 "        - {username: a:b, password_hash: $y$j9T$x$y}\n"
                 "        - {username: a:b, password_hash: [hunter2]}\n"
                 "      acl: [{group: g, backends: [dierct]}]\n"),
      AllOf(Contains(HasSubstr("test.yaml:6:40: error: server.auth.native.users[0].password_hash: "
                               "must be a bcrypt")),
            Contains(HasSubstr("users[1].username: must not hold a colon")),
            Contains(HasSubstr("users[2].username: duplicate name")),
            Contains(HasSubstr("users[2].password_hash: expected a secret as text, found a list")),
            Contains(HasSubstr("unknown backend \"dierct\" (did you mean \"direct\"?)")),
            Each(Not(HasSubstr("hunter2")))));
  EXPECT_THAT(complaints("server: {auth: {mode: native}}\n"), IsEmpty());
}

TEST(StoreUrl, NamesFiles) {
  EXPECT_THAT(files_of_store("postgresql://u:p@db/x?sslmode=verify-full&sslrootcert=/etc/a%20b.pem"
                             "&sslcert=/c&sslkey=%2Fk&passfile=/p"),
              ElementsAre("/etc/a b.pem", "/c", "/k", "/p"));
  for (const char* url : {"", "postgresql://db/x", "postgresql://db/x?", "postgresql://db/x?&&=&",
                          "postgresql://db/x?sslrootcert", "postgresql://db/x?sslrootcert=system",
                          "postgresql://db/x?sslrootcert=relative", "?sslrootcert=/a%00b"})
    EXPECT_THAT(files_of_store(url), IsEmpty()) << url;
  EXPECT_EQ(files_alone("postgresql://u:p@db/x?a=b&sslcert=%2Fc%20c&sslkey=/k&z=y"),
            "?sslcert=%2Fc%20c&sslkey=/k&");
  EXPECT_EQ(files_alone("postgresql://u:p@db/x?a=b"), "");
  EXPECT_THAT(files_of_store(files_alone("postgresql://db/x?a&sslkey=/k") + "any?thing&=x"),
              ElementsAre("/k"));
  EXPECT_THAT(files_of_store("?sslrootcert=/a%"), ElementsAre("/a%"));
  EXPECT_THAT(files_of_store("?sslrootcert=/a%4"), ElementsAre("/a%4"));
  EXPECT_THAT(files_of_store("?sslrootcert=/a%zz"), ElementsAre("/a%zz"));
}

}  // namespace
}  // namespace bulkhead::config
