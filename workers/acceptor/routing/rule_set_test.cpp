#include "workers/acceptor/routing/rule_set.h"

#include <gtest/gtest.h>

#include "config/load.h"

namespace bulkhead::acceptor {
namespace {

std::shared_ptr<const config::Config> load(const std::string& rules) {
  const std::string text =
      "backends:\n  - {name: a, type: direct}\n  - {name: b, type: direct}\nrules:\n" + rules;
  const config::LoadResult loaded = config::load_text(text, "test");
  EXPECT_FALSE(config::has_errors(loaded.diagnostics)) << to_string(loaded.diagnostics.front());
  return loaded.config;
}

std::string first(const RuleSet& rules, std::string host, std::uint16_t port = 443,
                  config::MatchProtocol protocol = config::MatchProtocol::connect,
                  std::string_view client = "192.0.2.1") {
  const RouteQuery query{
      {std::move(host), port}, *wire::IpAddress::parse(client), protocol, {}, {}};
  const config::Rule* rule = rules.match(query);
  return rule == nullptr ? "none" : rule->name;
}

TEST(RuleSet, WildcardIncludesTheApexAndNothingBeside) {
  const RuleSet rules(load("  - {name: wild, match: {domains: ['*.example.com']}, backend: a}\n"));
  EXPECT_EQ(first(rules, "example.com"), "wild");
  EXPECT_EQ(first(rules, "a.b.EXAMPLE.com."), "wild");
  EXPECT_EQ(first(rules, "notexample.com"), "none");
  EXPECT_EQ(first(rules, "example.com.evil.test"), "none");
}

TEST(RuleSet, ExactMeansExact) {
  const RuleSet rules(load("  - {name: exact, match: {domains: [Example.COM]}, backend: a}\n"));
  EXPECT_EQ(first(rules, "example.com"), "exact");
  EXPECT_EQ(first(rules, "www.example.com"), "none");
}

TEST(RuleSet, FirstInOrderWinsWhateverItsKind) {
  const RuleSet rules(
      load("  - {name: port, match: {ports: [22]}, action: block}\n"
           "  - {name: deep, match: {domains: ['*.b.test']}, backend: a}\n"
           "  - {name: star, match: {domains: ['*']}, backend: b}\n"
           "  - {name: late, match: {domains: [x.b.test]}, backend: b}\n"));
  EXPECT_EQ(first(rules, "x.b.test"), "deep");
  EXPECT_EQ(first(rules, "x.b.test", 22), "port");
  EXPECT_EQ(first(rules, "other.test"), "star");
}

TEST(RuleSet, AllKindsMustHoldAndTheNextRuleIsTried) {
  const RuleSet rules(
      load("  - name: narrow\n    match: {domains: ['*.a.test'], ports: ['8000-8999'], clients: "
           "[10.0.0.0/8], "
           "protocols: [http]}\n    backend: a\n"
           "  - {name: wide, match: {domains: ['*.a.test']}, backend: b}\n"));
  const auto http = config::MatchProtocol::http;
  EXPECT_EQ(first(rules, "x.a.test", 8080, http, "10.1.2.3"), "narrow");
  EXPECT_EQ(first(rules, "x.a.test", 9000, http, "10.1.2.3"), "wide");
  EXPECT_EQ(first(rules, "x.a.test", 8080, http, "11.1.2.3"), "wide");
  EXPECT_EQ(first(rules, "x.a.test", 8080, config::MatchProtocol::socks5, "10.1.2.3"), "wide");
}

TEST(RuleSet, AddressesMatchBlocksAndTheirOwnSpelling) {
  const RuleSet rules(load(
      "  - {name: block, match: {destinations: [10.0.0.0/8, '2001:db8::/32']}, action: block}\n"
      "  - {name: literal, match: {domains: ['192.0.2.9']}, backend: a}\n"));
  EXPECT_EQ(first(rules, "10.9.8.7"), "block");
  EXPECT_EQ(first(rules, "::ffff:10.9.8.7"), "block");
  EXPECT_EQ(first(rules, "2001:DB8:0::1"), "block");
  EXPECT_EQ(first(rules, "192.0.2.9"), "literal");
  EXPECT_EQ(first(rules, "ten.example"), "none");
}

TEST(RuleSet, InternationalNamesMeetInTheirALabels) {
  const RuleSet rules(
      load("  - {name: idn, match: {domains: ['*.bücher.example']}, backend: a}\n"));
  EXPECT_EQ(first(rules, "www.xn--bcher-kva.example"), "idn");
  EXPECT_EQ(first(rules,
                  "www.B\xc3\x9c"
                  "cher.example"),
            "idn");
}

TEST(RuleSet, GroupsMatchNobodyWithoutAuthentication) {
  const RuleSet rules(load("  - {name: staff, match: {groups: [staff]}, backend: a}\n"));
  EXPECT_EQ(first(rules, "example.com"), "none");
}

TEST(RuleSet, UsersAndGroupsMatchWhoTheyName) {
  const RuleSet rules(
      load("  - {name: alice, match: {users: [alice, bob]}, backend: a}\n"
           "  - {name: staff, match: {groups: [staff, admin]}, backend: a}\n"
           "  - {name: rest, match: {domains: ['*']}, backend: b}\n"));
  const auto of = [&](std::string_view user, std::vector<std::string> groups) {
    const RouteQuery query{{"example.com", 443}, {}, config::MatchProtocol::connect, user, groups};
    return rules.match(query)->name;
  };
  EXPECT_EQ(of("alice", {}), "alice");
  EXPECT_EQ(of("Alice", {}), "rest");
  EXPECT_EQ(of("carol", {"guests", "admin"}), "staff");
  EXPECT_EQ(of("carol", {"guests"}), "rest");
  EXPECT_EQ(of("", {}), "rest");
}

}  // namespace
}  // namespace bulkhead::acceptor
