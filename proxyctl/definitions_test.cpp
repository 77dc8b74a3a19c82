// The YAML that is sent, read back by the room that will read it.
#include "proxyctl/definitions.h"

#include <filesystem>
#include <gtest/gtest.h>

#include "config/load.h"

namespace bulkhead::proxyctl {
namespace {

std::string as_list_item(const std::string& yaml) {
  std::string out = "  - ";
  for (const char c : yaml) {
    out += c;
    if (c == '\n') out += "    ";
  }
  return out + "\n";
}

std::shared_ptr<const config::Config> load(const std::string& backends, const std::string& rules) {
  const auto result = config::load_text("backends:\n" + backends + "rules:\n" + rules, "test.yaml");
  for (const auto& each : result.diagnostics) {
    if (each.severity == config::Severity::error) ADD_FAILURE() << config::to_string(each);
  }
  return result.config;
}

const std::string direct = "  - {name: direct, type: direct}\n";
const std::string catch_all = "  - {name: all, match: {domains: ['*']}, backend: direct}\n";

std::optional<config::Backend> read_back(const BackendDefinition& backend) {
  const auto config = load(direct + as_list_item(to_yaml(backend)), catch_all);
  if (!config) return std::nullopt;
  return config->backends.at(1);
}

std::optional<config::Rule> read_back(const RuleDefinition& rule) {
  const auto config = load(direct, as_list_item(to_yaml(rule)) + catch_all);
  if (!config) return std::nullopt;
  return config->rules.at(0);
}

TEST(Definitions, ParentProxyWithEverything) {
  BackendDefinition backend;
  backend.name = "us: #1 \"proxy\" \u00e9";
  backend.type = "http";
  backend.address = "proxy.example.com:8080";
  backend.username = "yes";
  backend.password = "p'\"\\ ${HOME} $${x} # !";
  backend.tls = true;
  backend.tls_server_name = "other.example.com";
  backend.via = "direct";
  const auto read = read_back(backend);
  ASSERT_TRUE(read && read->proxy);
  EXPECT_EQ(read->name, backend.name);
  EXPECT_EQ(read->type, config::BackendType::http);
  EXPECT_EQ(read->proxy->address.to_string(), backend.address);
  EXPECT_EQ(read->proxy->username, "yes");
  EXPECT_EQ(read->proxy->password.reveal(), *backend.password);
  EXPECT_TRUE(read->proxy->tls.enabled);
  EXPECT_EQ(read->proxy->tls.server_name, backend.tls_server_name);
  EXPECT_EQ(read->via, "direct");
}

TEST(Definitions, TunnelsHaveAbsolutePaths) {
  BackendDefinition backend;
  backend.name = "japan";
  backend.type = "wireguard";
  backend.config_file = "japan.conf";
  auto read = read_back(backend);
  ASSERT_TRUE(read && read->wireguard);
  EXPECT_EQ(read->wireguard->config_file, std::filesystem::absolute("japan.conf").string());
  backend.type = "openvpn";
  backend.config_file = "/path/uk.ovpn";
  backend.auth_file = "/path/uk auth.txt";
  read = read_back(backend);
  ASSERT_TRUE(read && read->openvpn);
  EXPECT_EQ(read->openvpn->config_file, "/path/uk.ovpn");
  EXPECT_EQ(read->openvpn->auth_file, "/path/uk auth.txt");
}

TEST(Definitions, NumbersAndWordsOfYamlStayNames) {
  for (const char* name :
       {"123", "true", "null", "~", "-", "*", "a: b", "- x", "1e3", "0x10", "{", "!tag", "%"}) {
    BackendDefinition backend;
    backend.name = name;
    backend.type = "echo";
    const auto read = read_back(backend);
    ASSERT_TRUE(read) << name;
    EXPECT_EQ(read->name, name);
  }
}

TEST(Definitions, RuleWithEveryCondition) {
  RuleDefinition rule;
  rule.name = "Anime: ${everything}";
  rule.domains = {"*.crunchyroll.com", "crunchyroll.com"};
  rule.ports = {"443", "8000-8999"};
  rule.destinations = {"192.0.2.0/24"};
  rule.clients = {"10.0.0.0/8", "2001:db8::/32"};
  rule.protocols = {"connect", "socks5"};
  rule.backend = "direct";
  const auto read = read_back(rule);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->name, rule.name);
  ASSERT_EQ(read->match.domains.size(), 2U);
  EXPECT_EQ(read->match.domains[0].text, "*.crunchyroll.com");
  EXPECT_EQ(read->match.ports.size(), 2U);
  EXPECT_EQ(read->match.destinations.size(), 1U);
  EXPECT_EQ(read->match.clients.size(), 2U);
  EXPECT_EQ(read->match.protocols.size(), 2U);
  EXPECT_EQ(read->action, config::RuleAction::backend);
  EXPECT_EQ(read->backend, "direct");
}

TEST(Definitions, RulesThatBlockAndRedirect) {
  RuleDefinition rule;
  rule.name = "no ads";
  rule.domains = {"ads.example"};
  rule.block = true;
  auto read = read_back(rule);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->action, config::RuleAction::block);
  rule.block = false;
  rule.redirect = "https://example.com/?a=b#c";
  read = read_back(rule);
  ASSERT_TRUE(read && read->redirect);
  EXPECT_EQ(read->action, config::RuleAction::redirect);
  EXPECT_EQ(read->redirect->url, rule.redirect);
}

}  // namespace
}  // namespace bulkhead::proxyctl
