// Projections: each role gets what it needs and nothing else.
#include "config/projection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/diff.h"
#include "config/store_url.h"
#include "config/testing.h"

namespace bulkhead::config {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::string_view certificate =
    "-----BEGIN CERTIFICATE-----\nTUlJQg==\n-----END CERTIFICATE-----\n";

class Projection : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_.write("ca.pem", certificate);
    folder_.write("list", "listed.example\n");
    LoadOptions options;
    options.file = folder_.write("config.yaml", R"(
server:
  auth:
    mode: [native, ldap]
    store: "postgresql://bulkhead:store-secret@db.example/bulkhead"
    trusted_networks: ["10.1.0.0/16"]
    lockout: {ban_after: 3}
    limits: {max_connections: 7}
    native:
      users: [{username: someuser, password_hash: "$2b$12$hashhashhash"}]
      acl: [{group: staff, backends: ["*"]}]
    ldap: {server: "ldaps://h", bind_dn: cn=x, bind_password: "bind-secret", base_dn: dc=x}
    oauth: {client_id: x, client_secret: "client-secret"}
backends:
  - name: parent
    type: http
    proxy:
      address: "parent.example:3128"
      username: parent-user
      password: "parent-secret $${literal"
      tls: {enabled: true, ca_file: ca.pem}
  - {name: vpn, type: openvpn, openvpn: {config_file: gone.ovpn, username: vpn-user, password: vpn-secret}}
rules:
  - {name: listed, match: {domains_file: list}, backend: parent}
  - {name: Default, match: {domains: "*"}, backend: parent}
)");
    const LoadResult result = load(options);
    ASSERT_TRUE(result.config) << ::testing::PrintToString(testing::texts(result.diagnostics));
    config_ = result.config;
  }

  std::shared_ptr<const Config> projected(Role role) {
    LoadResult result = load_projection(project(*config_, role));
    EXPECT_TRUE(result.config) << ::testing::PrintToString(testing::texts(result.diagnostics));
    return result.config;
  }

  testing::Folder folder_;
  std::shared_ptr<const Config> config_;
};

TEST_F(Projection, AcceptorSpeaksToParentsAndKnowsNoHash) {
  const std::string text = project(*config_, Role::acceptor);
  for (const char* secret : {"hashhash", "bind-secret", "client-secret", "vpn-secret", "vpn-user",
                             "someuser", "gone.ovpn\"", "ca.pem", "store-secret", "ban_after"})
    EXPECT_THAT(text, Not(HasSubstr(secret)));
  const auto config = projected(Role::acceptor);
  ASSERT_TRUE(config);
  const ParentProxy& parent = *config->backends[0].proxy;
  EXPECT_EQ(parent.password.reveal(), "parent-secret ${literal");
  EXPECT_EQ(parent.tls.ca, certificate);
  EXPECT_EQ(parent.tls.ca_file, "");
  EXPECT_THAT(config->rules[0].match.listed_domains, ElementsAre(DomainPattern{"listed.example"}));
  EXPECT_EQ(config->rules[0].match.domains_file, "");
  EXPECT_THAT(config->backends[1].unavailable, HasSubstr("does not exist"));
  EXPECT_THAT(config->server.auth.mode, ElementsAre(AuthMode::native, AuthMode::ldap));
  EXPECT_EQ(config->server.auth.native.acl, config_->server.auth.native.acl);
  EXPECT_EQ(config->server.auth.trusted_networks, config_->server.auth.trusted_networks);
}

TEST_F(Projection, EgressKnowsAddressesAndNoCredential) {
  const std::string text = project(*config_, Role::egress);
  for (const char* secret : {"hashhash", "bind-secret", "client-secret", "vpn-secret",
                             "parent-secret", "parent-user", "someuser", "cn=x", "store-secret"})
    EXPECT_THAT(text, Not(HasSubstr(secret)));
  const auto config = projected(Role::egress);
  ASSERT_TRUE(config);
  EXPECT_EQ(config->backends[0].proxy->address, config_->backends[0].proxy->address);
  EXPECT_EQ(config->network.dns, config_->network.dns);
  EXPECT_EQ(proxy_listeners(*config), proxy_listeners(*config_));
  EXPECT_THAT(config->rules, IsEmpty());
}

// It goes through the parents itself for an active check, and for nothing else.
TEST_F(Projection, EgressKnowsTheLoginsThatChecksNeed) {
  auto checked = std::make_shared<Config>(*config_);
  Backend inner = checked->backends[0];
  inner.name = "inner";
  inner.via = "parent";
  inner.proxy->password = Secret("inner-secret");
  checked->backends.push_back(inner);
  Backend other = inner;
  other.name = "other";
  other.proxy->password = Secret("other-secret");
  checked->backends.push_back(other);
  checked->backends[2].health_check.emplace();
  checked->backends[2].slot = 7;
  config_ = checked;
  const std::string text = project(*config_, Role::egress);
  EXPECT_THAT(text, AllOf(HasSubstr("parent-secret"), HasSubstr("inner-secret"),
                          Not(HasSubstr("other-secret"))));
  const auto config = projected(Role::egress);
  EXPECT_EQ(config->backends[0].proxy, [&] {
    ParentProxy parent = *config_->backends[0].proxy;
    parent.tls.ca_file.clear();
    return parent;
  }());
  EXPECT_EQ(config->backends[2].slot, 7u);
  EXPECT_EQ(config->backends[0].slot, no_slot);
  checked->backends[2].health_check->type = HealthCheckType::ping;
  EXPECT_THAT(project(*config_, Role::egress), Not(HasSubstr("secret")));
}

TEST_F(Projection, AuthTunnelVaultAndAdmin) {
  EXPECT_EQ(projected(Role::auth)->server.auth, config_->server.auth);
  EXPECT_THAT(project(*config_, Role::auth),
              AllOf(Not(HasSubstr("parent-secret")), Not(HasSubstr("vpn-secret"))));
  EXPECT_EQ(projected(Role::tunnel)->backends[1].openvpn, config_->backends[1].openvpn);
  EXPECT_THAT(project(*config_, Role::tunnel),
              AllOf(Not(HasSubstr("parent-secret")), Not(HasSubstr("hashhash"))));
  EXPECT_EQ(project(*config_, Role::vault), "{}\n");
  for (const char* secret :
       {"hashhash", "bind-secret", "client-secret", "vpn-secret", "parent-secret", "store-secret"})
    EXPECT_THAT(project(*config_, Role::admin), Not(HasSubstr(secret)));
}

TEST_F(Projection, WithoutSecretsOneIsStillToldFromAnother) {
  const auto bare = without_secrets(*config_);
  for (const Role role : {Role::auth, Role::acceptor, Role::tunnel}) {
    const std::string text = project(*bare, role);
    for (const char* secret : {"hashhash", "bind-secret", "client-secret", "vpn-secret",
                               "parent-secret", "store-secret"})
      EXPECT_THAT(text, Not(HasSubstr(secret)));
  }
  EXPECT_TRUE(diff(*bare, *without_secrets(*config_)).empty());
  Config other = *config_;
  other.backends[0].proxy->password = Secret("another");
  EXPECT_FALSE(diff(*bare, *without_secrets(other)).empty());
  EXPECT_EQ(bare->rules, config_->rules);
  other.server.auth.store = Secret("postgresql://u:store-secret@db/x?sslrootcert=/ca.pem");
  EXPECT_THAT(files_of_store(without_secrets(other)->server.auth.store.reveal()),
              ElementsAre("/ca.pem"));
  EXPECT_THAT(std::string(without_secrets(other)->server.auth.store.reveal()),
              Not(HasSubstr("store-secret")));
}

TEST_F(Projection, KeysOfProjectionsAreNoSettings) {
  EXPECT_THAT(
      testing::complaints("backends: [{name: a, type: direct, unavailable: x}]\nrules: []\n"),
      ::testing::Contains(HasSubstr("backends[0].unavailable: unknown key")));
}

TEST(Diff, NamesWhatChanged) {
  const auto of = [](std::string_view yaml) { return load_text(yaml, "test.yaml").config; };
  const auto before =
      of("backends: [{name: a, type: direct}, {name: b, type: direct}]\n"
         "rules: [{name: r, match: {ports: 1}, backend: a}, {name: s, match: {ports: 2}, backend: "
         "b}]\n");
  const auto after =
      of("server: {http_port: 9090}\n"
         "backends: [{name: a, type: echo}, {name: c, type: direct}]\n"
         "rules: [{name: s, match: {ports: 2}, backend: c}, {name: r, match: {ports: 1}, backend: "
         "a}]\n");
  ASSERT_TRUE(before && after);
  EXPECT_TRUE(diff(*before, *before).empty());
  EXPECT_EQ(to_string(diff(*before, *before)), "no change");
  EXPECT_EQ(to_string(diff(*before, *after)),
            "server, backends, rules; listener added: http http 127.0.0.1:9090; listener removed: "
            "http http 127.0.0.1:8080; "
            "backend added: c; backend removed: b; backend changed: a; rule changed: s; rules in "
            "another order");
}

}  // namespace
}  // namespace bulkhead::config
