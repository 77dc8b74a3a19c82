// server.auth.ldap and .oauth: what is wrong with them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/testing.h"

namespace bulkhead::config {
namespace {

using testing::complaints;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> complaints_about(const std::string& mode, const std::string& section) {
  return complaints("server: {auth: {mode: " + mode + ", " + mode + ": {" + section + "}}}\n");
}

TEST(AuthMethods, WhatIsWrongWithLdap) {
  const std::string base = "base_dn: dc=x, ";
  EXPECT_THAT(complaints_about("ldap", base + "server: [ldaps://a, ldaps://b]"), IsEmpty());
  EXPECT_THAT(complaints_about("ldap", base + "server: [ldaps://a, ldap://b]"),
              ElementsAre(HasSubstr("ldap.server[1]: passwords travel in clear")));
  EXPECT_THAT(complaints_about("ldap", base + "server: ldaps://a, tls: {start_tls: true}"),
              ElementsAre(HasSubstr("start_tls: is for ldap://")));
  EXPECT_THAT(complaints_about("ldap", base + "server: ldaps://a, bind_dn: cn=x"),
              ElementsAre(HasSubstr("ldap.bind_password: is missing")));
  EXPECT_THAT(complaints_about("ldap", base + "server: ldaps://a, nested_groups: true, "
                                              "group_filter: '(memberUid=%u)'"),
              ElementsAre(HasSubstr("nested_groups: needs a group_filter with %s")));
  EXPECT_THAT(complaints_about("ldap", base + "server: ldaps://a, group_attribute: 'c n'"),
              ElementsAre(HasSubstr("must be the name of an LDAP attribute")));
  EXPECT_THAT(complaints_about("ldap", base + "server: ldaps://a, group_filter: '(a=%s)(b=%u)'"),
              ElementsAre(HasSubstr("must hold % only in one %u")));
}

TEST(AuthMethods, WhatIsWrongWithOauth) {
  const std::string id = "client_id: x, ";
  EXPECT_THAT(complaints_about("oauth", id + "jwt: {issuer: 'https://a'}"), IsEmpty());
  EXPECT_THAT(complaints_about("oauth", id + "jwt: {issuer: 'http://127.0.0.1:8080/a'}"),
              IsEmpty());
  EXPECT_THAT(complaints_about("oauth", id + "jwt: {issuer: 'http://localhost'}"),
              ElementsAre(HasSubstr("jwt.issuer: must be https://")));
  EXPECT_THAT(complaints_about("oauth", id + "jwt: {issuer: 'https://a', algorithms: []}"),
              ElementsAre(HasSubstr("no token would be accepted")));
  for (const char* algorithm : {"none", "HS256", "rs256"})
    EXPECT_THAT(complaints_about(
                    "oauth", id + "jwt: {issuer: 'https://a', algorithms: [" + algorithm + "]}"),
                Contains(HasSubstr("expected one of RS256")));
  EXPECT_THAT(complaints_about("oauth", id + "userinfo_url: 'https://a'"),
              ElementsAre(HasSubstr("those for other services are accepted")));
  EXPECT_THAT(complaints_about("oauth", id + "introspection_url: 'https://a'"),
              ElementsAre(HasSubstr("client_secret: is missing")));
  EXPECT_THAT(complaints_about("oauth", id + "provider: azure"),
              ElementsAre(HasSubstr("oauth.tenant: is missing")));
  EXPECT_THAT(complaints_about("oauth", id + "provider: azure, tenant: common"),
              ElementsAre(HasSubstr("every Microsoft account")));
  EXPECT_THAT(complaints_about("oauth", id + "provider: okta, tenant: a/b"),
              Contains(HasSubstr("must be an id or a host name")));
  EXPECT_THAT(complaints_about("oauth", id + "provider: google"),
              ElementsAre(HasSubstr("everybody with a Google account")));
}

TEST(AuthMethods, OpaqueTokens) {
  OauthAuth oauth;
  EXPECT_EQ(oauth.opaque_tokens_in_force(), OpaqueTokens::off);
  oauth.userinfo_url = "https://a";
  EXPECT_EQ(oauth.opaque_tokens_in_force(), OpaqueTokens::userinfo);
  oauth.jwt.issuer = "https://a";
  EXPECT_EQ(oauth.opaque_tokens_in_force(), OpaqueTokens::off);
  oauth.introspection_url = "https://a";
  EXPECT_EQ(oauth.opaque_tokens_in_force(), OpaqueTokens::introspection);
  oauth.opaque_tokens = OpaqueTokens::off;
  EXPECT_EQ(oauth.opaque_tokens_in_force(), OpaqueTokens::off);
}

}  // namespace
}  // namespace bulkhead::config
