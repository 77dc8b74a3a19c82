// Filters, DNs and what a bind's result means. tests/test_auth_ldap.py has a real directory.
#include <gtest/gtest.h>
#include <ldap.h>

#include "workers/auth/method/ldap/bind_result.h"
#include "workers/auth/method/ldap/directory.h"
#include "workers/auth/method/ldap/distinguished_name.h"
#include "workers/auth/method/ldap/filter.h"

namespace bulkhead::auth {
namespace {

using namespace std::chrono_literals;

TEST(LdapFilter, ValuesCannotLeaveTheirPlace) {
  EXPECT_EQ(fill_filter("(uid=%s)", "alice"), "(uid=alice)");
  EXPECT_EQ(fill_filter("(uid=%s)", "*"), "(uid=\\2a)");
  EXPECT_EQ(fill_filter("(uid=%s)", "a)(|(uid=*"), "(uid=a\\29\\28\\7c\\28uid=\\2a)");
  EXPECT_EQ(fill_filter("(uid=%s)", "a\\2a"), "(uid=a\\5c2a)");
  EXPECT_EQ(fill_filter("(uid=%s)", std::string_view("a\0b", 3)), "(uid=a\\00b)");
  EXPECT_EQ(fill_filter("(uid=%s)", "zo\xc3\xab %u"), "(uid=zo\\c3\\ab\\20\\25u)");
  EXPECT_EQ(fill_filter("(memberUid=%u)", "cn=x", "alice"), "(memberUid=alice)");
}

TEST(LdapFilter, SeveralBecomeOne) {
  EXPECT_EQ(any_of_filters({"(a=1)"}), "(a=1)");
  EXPECT_EQ(any_of_filters({"(a=1)", "(a=2)"}), "(|(a=1)(a=2))");
}

TEST(LdapFilter, WhatIsCompared) {
  EXPECT_EQ(compared_attribute("(uid=%s)"), "uid");
  EXPECT_EQ(compared_attribute("(&(objectClass=person)(sAMAccountName=%s))"), "sAMAccountName");
  EXPECT_EQ(compared_attribute("(uid:caseExactMatch:=%s)"), "uid");
  EXPECT_EQ(compared_attribute("(cn;lang-en=%s)"), "cn");
  EXPECT_EQ(compared_attribute("uid=%s"), "");
  EXPECT_EQ(compared_attribute("(uid=x)"), "");
}

TEST(DistinguishedName, OneSpelling) {
  const std::string dn = normalised_dn("CN=Proxy Users,OU=Groups,DC=example,DC=com");
  EXPECT_EQ(dn, normalised_dn("cn=proxy  users, ou=groups , dc=Example,dc=COM"));
  EXPECT_EQ(dn, normalised_dn("cn=\\50roxy Users,OU=Groups,DC=example,DC=com"));
  EXPECT_NE(dn, normalised_dn("CN=ProxyUsers,OU=Groups,DC=example,DC=com"));
  EXPECT_NE(dn, normalised_dn("CN=Proxy Users,OU=Groups,DC=example"));
  EXPECT_EQ(normalised_dn("cn=a+sn=b,dc=x"), normalised_dn("SN=B+CN=A,dc=x"));
  // A comma in a value is none between two RDNs.
  EXPECT_NE(normalised_dn("cn=a\\,ou=b,dc=x"), normalised_dn("cn=a,ou=b,dc=x"));
  EXPECT_EQ(normalised_dn("no dn"), "");
  EXPECT_EQ(normalised_dn(""), "");
  EXPECT_TRUE(is_dn("cn=x"));
  EXPECT_FALSE(is_dn("proxy-users"));
}

TEST(BindResult, WhatItMeans) {
  constexpr int none = -1;
  EXPECT_EQ(reason_of_bind(LDAP_SUCCESS, "", none), Reason::accepted);
  EXPECT_EQ(reason_of_bind(LDAP_SUCCESS, "", PP_noError), Reason::accepted);
  EXPECT_EQ(reason_of_bind(LDAP_SUCCESS, "", PP_changeAfterReset), Reason::password_expired);
  EXPECT_EQ(reason_of_bind(LDAP_SUCCESS, "", 77), Reason::account_disabled);
  EXPECT_EQ(reason_of_bind(LDAP_INVALID_CREDENTIALS, "", none), Reason::wrong_password);
  EXPECT_EQ(reason_of_bind(LDAP_INVALID_CREDENTIALS, "", PP_accountLocked),
            Reason::account_disabled);
  EXPECT_EQ(reason_of_bind(LDAP_INAPPROPRIATE_AUTH, "", none), Reason::wrong_password);
  EXPECT_EQ(reason_of_bind(LDAP_CONFIDENTIALITY_REQUIRED, "", none), Reason::misconfigured);
  EXPECT_EQ(reason_of_bind(LDAP_BUSY, "", none), Reason::server_failed);
  EXPECT_EQ(reason_of_bind(LDAP_REFERRAL, "", none), Reason::server_failed);
}

TEST(BindResult, ActiveDirectory) {
  const auto reason = [](const std::string& code) {
    return reason_of_bind(LDAP_INVALID_CREDENTIALS,
                          "80090308: LdapErr: DSID-0C09042F, comment: AcceptSecurityContext error, "
                          "data " +
                              code + ", v2580",
                          -1);
  };
  EXPECT_EQ(reason("52e"), Reason::wrong_password);
  EXPECT_EQ(reason("532"), Reason::password_expired);
  EXPECT_EQ(reason("533"), Reason::account_disabled);
  EXPECT_EQ(reason("775"), Reason::account_disabled);
  EXPECT_EQ(reason("0"), Reason::wrong_password);
}

TEST(Directory, WithoutAServerItSaysSo) {
  config::LdapAuth settings;
  settings.servers = {"ldap://127.0.0.1:1", "ldap://[::1]:1"};
  settings.base_dn = "dc=x";
  settings.timeout = 2s;
  Directory directory(settings);
  const Credential credential{Credential::Kind::basic, "alice", platform::Secret("x")};
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  EXPECT_EQ(directory.check(credential, deadline).reason, Reason::server_unreachable);
  EXPECT_EQ(directory.look_up("alice", deadline).reason, Reason::server_unreachable);
  const Credential token{Credential::Kind::bearer, {}, platform::Secret("x")};
  EXPECT_EQ(directory.check(token, deadline).outcome, Outcome::unknown);
}

}  // namespace
}  // namespace bulkhead::auth
