#include "egress/resolver.h"

#include <gtest/gtest.h>

#include "egress/dns_server_for_test.h"
#include "runtime/timer.h"

namespace bulkhead::egress {
namespace {

using namespace std::chrono_literals;
using testing::ip;
using Addresses = std::vector<wire::IpAddress>;
using Outcome = tl::expected<Resolved, Failure>;

class ResolverTest : public ::testing::Test {
 protected:
  ResolverTest() {
    dns_.servers = {server_.endpoint()};
    dns_.hosts_file = "";
    dns_.timeout = 400ms;
  }
  Resolver& resolver() {
    if (!resolver_) resolver_ = std::make_unique<Resolver>(dns_, ipv6_);
    return *resolver_;
  }
  Outcome resolve(std::string host, runtime::Duration patience = 5s) {
    return testing::run(loop_, resolver().resolve(std::move(host), loop_.after(patience)));
  }
  Addresses addresses(const std::string& host) {
    const Outcome outcome = resolve(host);
    EXPECT_TRUE(outcome) << host << ": " << (outcome ? "" : outcome.error().detail);
    return outcome ? outcome->addresses : Addresses();
  }
  proto::Refusal refusal(const std::string& host, runtime::Duration patience = 5s) {
    const Outcome outcome = resolve(host, patience);
    EXPECT_FALSE(outcome) << host;
    return outcome ? proto::Refusal::internal_error : outcome.error().reason;
  }
  void pass(runtime::Duration time) { testing::run(loop_, sleep(time)); }
  static runtime::Task<bool> sleep(runtime::Duration time) {
    const bool slept = co_await runtime::sleep_for(time);
    co_return slept;
  }

  runtime::Loop loop_;
  testing::DnsServer server_{loop_};
  config::Dns dns_;
  config::Ipv6 ipv6_;
  std::unique_ptr<Resolver> resolver_;
};

TEST_F(ResolverTest, AnswersLiteralsAndLocalhostAlone) {
  EXPECT_EQ(addresses("192.0.2.1"), Addresses{ip("192.0.2.1")});
  EXPECT_EQ(addresses("2001:db8::1"), Addresses{ip("2001:db8::1")});
  EXPECT_EQ(addresses("LocalHost."), (Addresses{ip("127.0.0.1"), ip("::1")}));
  EXPECT_EQ(addresses("a.localhost"), (Addresses{ip("127.0.0.1"), ip("::1")}));
  EXPECT_EQ(refusal("hidden.onion"), proto::Refusal::name_not_found);
  EXPECT_TRUE(server_.asked.empty());
}

TEST_F(ResolverTest, AsksForBothFamilies) {
  server_.names["both.test"].addresses = {"2001:db8::1", "192.0.2.1", "192.0.2.2"};
  EXPECT_EQ(addresses("Both.Test."),
            (Addresses{ip("192.0.2.1"), ip("192.0.2.2"), ip("2001:db8::1")}));
}

TEST_F(ResolverTest, PrefersIpv6WhenToldTo) {
  ipv6_.prefer_ipv6 = true;
  server_.names["both.test"].addresses = {"192.0.2.1", "2001:db8::1"};
  EXPECT_EQ(addresses("both.test"), (Addresses{ip("2001:db8::1"), ip("192.0.2.1")}));
}

TEST_F(ResolverTest, LeavesIpv6AloneWhenItIsOff) {
  ipv6_.enabled = false;
  server_.names["both.test"].addresses = {"192.0.2.1", "2001:db8::1"};
  server_.names["six.test"].addresses = {"2001:db8::1"};
  EXPECT_EQ(addresses("both.test"), Addresses{ip("192.0.2.1")});
  EXPECT_EQ(refusal("six.test"), proto::Refusal::name_not_found);
  EXPECT_EQ(refusal("2001:db8::1"), proto::Refusal::network_unreachable);
  EXPECT_EQ(server_.asked.count("both.test AAAA"), 0u);
}

TEST_F(ResolverTest, AsksForAsciiNames) {
  server_.names["xn--bcher-kva.test"].addresses = {"192.0.2.1"};
  EXPECT_EQ(addresses("b\xc3\xbc"
                      "cher.test"),
            Addresses{ip("192.0.2.1")});
}

TEST_F(ResolverTest, SearchesNoDomains) {
  EXPECT_EQ(refusal("short"), proto::Refusal::name_not_found);
  EXPECT_EQ(server_.asked.size(), 2u);
  EXPECT_EQ(server_.asked["short A"], 1);
}

TEST_F(ResolverTest, TellsFailuresApart) {
  server_.names["empty.test"] = {};
  server_.names["broken.test"].rcode = 2;
  server_.names["silent.test"].silent = true;
  EXPECT_EQ(refusal("missing.test"), proto::Refusal::name_not_found);
  EXPECT_EQ(refusal("empty.test"), proto::Refusal::name_not_found);
  EXPECT_EQ(refusal("broken.test"), proto::Refusal::dns_failed);
  EXPECT_EQ(refusal("silent.test"), proto::Refusal::dns_timeout);
  EXPECT_EQ(refusal("not a name"), proto::Refusal::name_not_found);
}

TEST_F(ResolverTest, FailsWhenNoServerListens) {
  const testing::ClosedPort closed;
  dns_.servers = {closed.endpoint};
  EXPECT_EQ(refusal("some.test"), proto::Refusal::dns_failed);
}

TEST_F(ResolverTest, KeepsToTheCallersDeadline) {
  dns_.timeout = 5s;
  server_.names["silent.test"].silent = true;
  const auto start = runtime::Clock::now();
  EXPECT_EQ(refusal("silent.test", 50ms), proto::Refusal::dns_timeout);
  EXPECT_LT(runtime::Clock::now() - start, 1s);
}

TEST_F(ResolverTest, DoesNotWaitForASilentFamily) {
  dns_.timeout = 5s;
  server_.names["half.test"].addresses = {"192.0.2.1"};
  server_.names["half.test"].silent_ipv6 = true;
  const auto start = runtime::Clock::now();
  EXPECT_EQ(addresses("half.test"), Addresses{ip("192.0.2.1")});
  EXPECT_LT(runtime::Clock::now() - start, 1s);
}

TEST_F(ResolverTest, GoesToTcpWhenTruncated) {
  auto& records = server_.names["long.test"];
  records.truncate = true;
  for (int i = 1; i <= 40; ++i) records.addresses.push_back("192.0.2." + std::to_string(i));
  EXPECT_EQ(addresses("long.test").size(), static_cast<std::size_t>(DnsClient::max_addresses));
  EXPECT_GE(server_.asked_over_tcp, 1);
}

TEST_F(ResolverTest, KeepsAnswersForTheirTtl) {
  server_.names["kept.test"].addresses = {"192.0.2.1"};
  server_.names["kept.test"].ttl = 1;
  addresses("kept.test");
  addresses("kept.test");
  EXPECT_EQ(server_.asked["kept.test A"], 1);
  pass(1050ms);
  addresses("kept.test");
  EXPECT_EQ(server_.asked["kept.test A"], 2);
}

TEST_F(ResolverTest, BoundsTheTtl) {
  dns_.max_ttl = 50ms;
  server_.names["long.test"].addresses = {"192.0.2.1"};
  server_.names["long.test"].ttl = 3600;
  addresses("long.test");
  pass(60ms);
  addresses("long.test");
  EXPECT_EQ(server_.asked["long.test A"], 2);
}

TEST_F(ResolverTest, KeepsShortLivedAnswersForTheMinimum) {
  server_.names["none.test"].addresses = {"192.0.2.1"};
  server_.names["none.test"].ttl = 0;
  addresses("none.test");
  addresses("none.test");
  EXPECT_EQ(server_.asked["none.test A"], 2);
  dns_.min_ttl = 10s;
  resolver_.reset();
  addresses("none.test");
  addresses("none.test");
  EXPECT_EQ(server_.asked["none.test A"], 3);
}

TEST_F(ResolverTest, KeepsNegativeAnswersButNoFailures) {
  dns_.negative_ttl = 50ms;
  server_.names["broken.test"].rcode = 2;
  refusal("missing.test");
  EXPECT_EQ(refusal("missing.test"), proto::Refusal::name_not_found);
  EXPECT_EQ(server_.asked["missing.test A"], 1);
  pass(60ms);
  refusal("missing.test");
  EXPECT_EQ(server_.asked["missing.test A"], 2);
  refusal("broken.test");
  const int before = server_.asked["broken.test A"];
  refusal("broken.test");
  EXPECT_GT(server_.asked["broken.test A"], before);
}

TEST_F(ResolverTest, AsksOnceForManyAndOutlivesACancelledOne) {
  server_.names["slow.test"].addresses = {"192.0.2.1"};
  server_.names["slow.test"].delay = 60ms;
  runtime::CancelScope first;
  std::optional<Outcome> cancelled, second;
  runtime::spawn(testing::store(resolver().resolve("slow.test", runtime::never), cancelled, loop_),
                 &first);
  runtime::spawn(testing::store(resolver().resolve("slow.test", runtime::never), second, loop_));
  testing::run_rounds(loop_);
  first.cancel();
  while (!cancelled || !second) loop_.run();
  EXPECT_EQ(cancelled->error().reason, proto::Refusal::shutting_down);
  ASSERT_TRUE(*second);
  EXPECT_EQ(server_.asked["slow.test A"], 1);
}

TEST_F(ResolverTest, DiesWithQuestionsOpen) {
  server_.names["silent.test"].silent = true;
  EXPECT_EQ(refusal("silent.test", 10ms), proto::Refusal::dns_timeout);
  resolver_.reset();
  testing::run_rounds(loop_);
}

}  // namespace
}  // namespace bulkhead::egress
