// Checks over several settings: listeners, backends, rules.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/testing.h"

namespace bulkhead::config {
namespace {

using ::testing::AllOf;
using testing::complaints;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

TEST(Listeners, PortClashesKnowAddresses) {
  EXPECT_THAT(
      complaints("server:\n  http_port: 1080\n"),
      ElementsAre(AllOf(HasSubstr("error: server.socks5_port: port 1080 on 127.0.0.1 is taken"),
                        HasSubstr("(by server.http_port on 127.0.0.1)"))));
  EXPECT_THAT(complaints("listeners:\n  - {name: a, address: 127.0.0.2, port: 8080}\n"), IsEmpty());
  EXPECT_THAT(complaints("access_control: {open_proxy: true, whitelist: [10.0.0.0/8]}\n"
                         "listeners:\n  - {name: a, address: 0.0.0.0, port: 8080}\n"),
              ElementsAre(StartsWith("test.yaml:3:39: error: listeners[0].port: port 8080")));
  EXPECT_THAT(complaints("access_control: {open_proxy: true, whitelist: [10.0.0.0/8]}\n"
                         "listeners:\n  - {name: a, address: '::', port: 1080}\n"),
              ElementsAre(HasSubstr("is taken")));  // dual stack takes the IPv4 port too
  EXPECT_THAT(complaints("listeners:\n  - {name: a, address: '::1', port: 8080}\n"), IsEmpty());
  EXPECT_THAT(complaints("metrics: {enabled: true, port: 8080}\n"),
              ElementsAre(HasSubstr("metrics.port: port 8080")));
}

TEST(Listeners, OpenProxyMustBeWrittenOut) {
  EXPECT_THAT(complaints("server:\n  bind_address: 0.0.0.0\n"),
              ElementsAre(AllOf(
                  StartsWith("test.yaml:2:17: error: server.bind_address: listens beyond loopback"),
                  HasSubstr("access_control.open_proxy: true"))));
  EXPECT_THAT(complaints("server:\n  bind_address: 0.0.0.0\n  auth: {mode: none}\n"),
              ElementsAre(HasSubstr("warning")));
  EXPECT_THAT(complaints("server:\n  bind_address: '::'\naccess_control: {open_proxy: true}\n"),
              ElementsAre(HasSubstr("warning")));
  EXPECT_THAT(
      complaints("server: {auth: {}}\nlisteners:\n  - {name: a, address: 192.0.2.1, port: 99}\n"),
      ElementsAre(HasSubstr("error: listeners[0].address: listens beyond")));
  EXPECT_THAT(complaints("server:\n  bind_address: 0.0.0.0\n  auth: {mode: system}\n"), IsEmpty());
}

TEST(Listeners, Names) {
  EXPECT_THAT(
      complaints("listeners:\n  - {name: a, port: 1}\n  - {name: a, port: 2}\n  - {name: http, "
                 "port: 3}\n  - {port: 4}\n"),
      ElementsAre(AllOf(HasSubstr("listeners[1].name: duplicate name"), HasSubstr("listeners[0]")),
                  HasSubstr("listeners[2].name: \"http\" is what server.http_port"),
                  StartsWith("test.yaml:5:5: error: listeners[3].name: is missing")));
  EXPECT_THAT(complaints("server: {http_port: 0, socks5_port: 0}\n"),
              ElementsAre(HasSubstr("nothing to listen on")));
  EXPECT_THAT(complaints("server: {bind_address: []}\n"),
              ElementsAre(HasSubstr("names no address")));
  EXPECT_THAT(complaints("server: {proxy_protocol: {enabled: true}}\n"),
              ElementsAre(HasSubstr("expects PROXY headers")));
}

TEST(Backends, SectionsBelongToTypes) {
  EXPECT_THAT(
      complaints("rules: [{name: r, match: {domains: '*'}, action: block}]\n"
                 "backends:\n"
                 "  - {name: a, type: http}\n"
                 "  - {name: b, type: direct, proxy: {address: 'h:1'}}\n"
                 "  - {name: a, type: direct}\n"
                 "  - {name: c, type: wiregard}\n"
                 "  - {name: d, type: socks5, proxy: {address: 'h'}}\n"
                 "  - {name: e, type: http, proxy: {address: 'h:1', password: x}}\n"
                 "  - {name: f}\n"),
      ElementsAre(
          StartsWith("test.yaml:3:5: error: backends[0].proxy: is missing"),
          StartsWith("test.yaml:4:36: error: backends[1].proxy: does not belong"),
          "test.yaml:5:12: error: backends[2].name: duplicate name \"a\" (first used in line 3)",
          AllOf(HasSubstr("backends[3].type"), HasSubstr("did you mean \"wireguard\"?")),
          AllOf(HasSubstr("backends[4].proxy.address: expected a host with a port, found \"h\"")),
          HasSubstr("backends[5].proxy.password: has no username"),
          HasSubstr("backends[6].type: is missing")));
}

TEST(Backends, ChainsEnd) {
  const auto parent = [](std::string_view name, std::string_view via) {
    return "  - {name: " + std::string(name) + ", type: http, via: " + std::string(via) +
           ", proxy: {address: 'h:1'}}\n";
  };
  const std::string head = "rules: [{name: r, match: {domains: '*'}, action: block}]\nbackends:\n";
  EXPECT_THAT(complaints(head + parent("company", "''") + parent("b", "compnay")),
              ElementsAre("test.yaml:4:32: error: backends[1].via: unknown backend \"compnay\" "
                          "(did you mean \"company\"?)"));
  EXPECT_THAT(complaints(head + parent("a", "b") + parent("b", "a")),
              ElementsAre(HasSubstr("\"a\" would go through itself"),
                          HasSubstr("\"b\" would go through itself")));
  EXPECT_THAT(complaints(head + "  - {name: a, type: http, via: b, proxy: {address: 'h:0'}}\n" +
                         "  - {name: b, type: htp, via: a}\n"),
              ElementsAre(HasSubstr("\"a\" would go through itself"),
                          HasSubstr("backends[0].proxy.address"), HasSubstr("backends[1].type"),
                          HasSubstr("\"b\" would go through itself")));
  EXPECT_THAT(complaints(head + parent("a", "a")), ElementsAre(HasSubstr("through itself")));
  std::string chain = head + parent("n0", "''");
  for (unsigned index = 1; index < max_via_depth; ++index)
    chain += parent("n" + std::to_string(index), "n" + std::to_string(index - 1));
  EXPECT_THAT(complaints(chain), IsEmpty());
  chain += parent("n8", "n7");
  EXPECT_THAT(complaints(chain),
              ElementsAre(HasSubstr("backends[8].via: more than 8 backends in a row")));
  EXPECT_THAT(complaints(head + "  - {name: e, type: echo}\n" + parent("a", "e")),
              ElementsAre(HasSubstr("it echoes")));
  EXPECT_THAT(complaints(head + parent("a", "''") + "  - {name: e, type: echo, via: a}\n"),
              ElementsAre(HasSubstr("cannot go through another")));
}

TEST(Backends, HealthChecks) {
  const std::string head = "backends:\n  - name: direct\n    type: direct\n    health_check: ";
  const std::string tail = "\nrules: [{name: r, match: {domains: '*'}, backend: direct}]\n";
  EXPECT_THAT(complaints(head + "{type: http}" + tail),
              ElementsAre(HasSubstr("health_check.http: is missing")));
  EXPECT_THAT(complaints(head + "{type: http, http: {url: 'ftp://x'}}" + tail),
              ElementsAre(HasSubstr("http.url: expected an http")));
  EXPECT_THAT(complaints(head + "{interval: 1s, target: a.example}" + tail),
              ElementsAre(HasSubstr("timeout: is longer than the interval")));
  EXPECT_THAT(complaints(head + "{type: tcp}" + tail),
              ElementsAre(HasSubstr("health_check.target: is missing")));
  EXPECT_THAT(complaints(head + "{enabled: false}" + tail), IsEmpty());
  EXPECT_THAT(complaints("health_checks: {passive: {rest: 10m}}\n"),
              ElementsAre(HasSubstr("passive.max_rest: is shorter")));
  EXPECT_THAT(complaints(head + "{type: ping, interval: 10s, healthy_threshold: 0}" + tail),
              ElementsAre(HasSubstr("must be between 1")));
  const LoadResult result = load_text(
      "health_checks: {defaults: {interval: 15s, timeout: 2s, healthy_threshold: 4, jitter: 0}}\n" +
          head +
          "{type: http, timeout: 3s, http: {url: 'https://api.ipify.org', expected_status: 204}}" +
          tail,
      "test.yaml");
  ASSERT_TRUE(result.config);
  const HealthCheck& check = *result.config->backends[0].health_check;
  const HealthDefaults settings = check.settings(result.config->health_checks.defaults);
  EXPECT_EQ(settings, (HealthDefaults{Duration(15'000), Duration(3'000), 4, 3, 0}));
  EXPECT_EQ(check.http.expected_status, 204);
}

TEST(Rules, LeadSomewhere) {
  EXPECT_THAT(
      complaints(
          "rules:\n"
          "  - {name: a, match: {domains: x.com}, backend: dirct}\n"
          "  - {name: b, match: {domains: x.com}}\n"
          "  - {name: c, match: {}, action: block}\n"
          "  - {name: d, match: {ports: [443, 9-8]}, action: block}\n"
          "  - {name: e, match: {domains: x.com}, action: block, backend: direct}\n"
          "  - {name: f, match: {domains: x.com}, action: redirect}\n"
          "  - {name: g, match: {domains: x.com}, action: redirect, redirect: {url: 'http://x/', "
          "status: 200}}\n"
          "  - {name: g, match: {domains: 'a b'}, backend: direct}\n"
          "  - {name: h, match: {domains: x.com}, backend: direct, backends: [{name: direct}]}\n"
          "  - {name: i, match: {domains: x.com}, backends: [{name: direct, weight: 0}]}\n"
          "  - {name: j, match: {users: bob}, backend: direct}\n"
          "  - {name: k, match: {domains: '*'}, backend: direct}\n"
          "  - {name: l, match: {domains: x.com}, backend: direct, load_balancing: {algorithm: "
          "fastest}}\n"),
      ElementsAre(
          "test.yaml:2:49: error: rules[0].backend: unknown backend \"dirct\" (did you mean "
          "\"direct\"?)",
          StartsWith("test.yaml:3:5: error: rules[1].backend: is missing"),
          StartsWith("test.yaml:4:22: error: rules[2].match: is empty"),
          HasSubstr("rules[3].match.ports[1]: expected a port or a range"),
          HasSubstr("rules[4].backend: does not go with"),
          StartsWith("test.yaml:7:5: error: rules[5].redirect: is missing"),
          HasSubstr("rules[6].redirect.status: must be 301, 302"),
          HasSubstr("rules[7].name: duplicate name \"g\""),
          HasSubstr("rules[7].match.domains: expected a domain pattern"),
          HasSubstr("rules[8].backends: cannot stand beside backend"),
          HasSubstr("rules[9].backends: every weight is 0"),
          HasSubstr("warning: rules[10].match: names users"),
          StartsWith("test.yaml:14:5: warning: rules[12]: is never reached"),
          HasSubstr("expected one of round_robin, least_conn, random, ip_hash, weighted, latency, "
                    "failover")));
}

TEST(Rules, EverythingTheyCanMatch) {
  const LoadResult result = load_text(
      "server: {auth: {mode: system}}\n"
      "rules:\n"
      "  - name: all\n"
      "    match:\n"
      "      domains: ['*.EXAMPLE.com', 'Bücher.example.', '*', '[2001:DB8::1]']\n"
      "      ports: [443, '8000-8999']\n"
      "      destinations: 10.0.0.0/8\n"
      "      clients: ['2001:db8::/32']\n"
      "      protocols: [http, connect, socks4, socks5, udp]\n"
      "      users: bob\n"
      "      groups: [staff]\n"
      "    backends: [{name: direct, weight: 50}]\n"
      "    load_balancing: {algorithm: ip_hash, sticky_sessions: true}\n",
      "test.yaml");
  ASSERT_TRUE(result.config) << ::testing::PrintToString(testing::texts(result.diagnostics));
  const Match& match = result.config->rules[0].match;
  EXPECT_THAT(match.domains,
              ElementsAre(DomainPattern{"*.example.com"}, DomainPattern{"xn--bcher-kva.example"},
                          DomainPattern{"*"}, DomainPattern{"2001:db8::1"}));
  EXPECT_TRUE(match.ports[1].contains(8443));
  EXPECT_FALSE(match.is_catch_all());
}

TEST(Rules, DomainsFromAFile) {
  const testing::Folder folder;
  LoadOptions options;
  options.file = folder / "config.yaml";
  folder.write("list", "# advertising\nads.example.com\n\n*.Tracker.example  # all of it\n");
  const std::string yaml = "rules: [{name: a, match: {domains_file: list}, action: block}]\n";
  const LoadResult result = load_text(yaml, "test.yaml", options);
  ASSERT_TRUE(result.config);
  EXPECT_THAT(result.config->rules[0].match.listed_domains,
              ElementsAre(DomainPattern{"ads.example.com"}, DomainPattern{"*.tracker.example"}));
  EXPECT_THAT(result.files_read, Contains(folder / "list"));
  folder.write("list", "good.example\nnot a name\n");
  EXPECT_THAT(complaints(yaml, options), ElementsAre(AllOf(HasSubstr("list:2:1: error: "),
                                                           HasSubstr("found \"not a name\""))));
  EXPECT_THAT(
      complaints("rules: [{name: a, match: {domains_file: gone}, action: block}]\n", options),
      ElementsAre(HasSubstr("rules[0].match.domains_file: cannot be read")));
}

TEST(Settings, Contradictions) {
  EXPECT_THAT(complaints("shutdown: {drain_timeout: 2m}\n"),
              ElementsAre(HasSubstr("shutdown.force_timeout: is shorter")));
  EXPECT_THAT(complaints("network: {dns: {min_ttl: 2h}}\n"),
              ElementsAre(HasSubstr("network.dns.max_ttl: is shorter")));
  EXPECT_THAT(complaints("access_log: {output: both}\n"),
              ElementsAre(HasSubstr("access_log.file: is missing")));
  EXPECT_THAT(complaints("metrics: {enabled: true}\n"), ElementsAre(HasSubstr("metrics.port")));
  EXPECT_THAT(complaints("workers: {acceptors: 0}\n"),
              ElementsAre(HasSubstr("must be between 1 and 256")));
  EXPECT_THAT(complaints("access_log: {fields: [refusal, usr_agent]}\n"),
              ElementsAre(HasSubstr("did you mean \"user_agent\"?")));
}

}  // namespace
}  // namespace bulkhead::config
