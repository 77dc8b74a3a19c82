// The limits as several acceptors apply them: each Limits here stands for one, with a column of its
// own in the page that all share. Time is the tests' own.
#include "workers/acceptor/policy/limits.h"

#include <gtest/gtest.h>
#include <list>
#include <vector>

#include "runtime/meter.h"
#include "workers/acceptor/policy/abuse_watch.h"
#include "workers/acceptor/policy/client_place.h"
#include "workers/acceptor/policy/pace.h"

namespace bulkhead::acceptor {
namespace {

using namespace std::chrono_literals;
using proto::Refusal;

wire::IpAddress ip(const char* text) {
  return *wire::IpAddress::parse(text);
}

const wire::IpAddress here = ip("192.0.2.1"), elsewhere = ip("192.0.2.2");

std::uint64_t time_now = 0;
constexpr std::uint64_t millisecond = 1'000'000, second = 1000 * millisecond;

class LimitsTest : public testing::Test {
 protected:
  LimitsTest() {
    time_now = 1000 * second;
    memory_ = *platform::create_shared_memory("limits", sizeof(ipc::LimitsPage));
    bans_ = *platform::create_shared_memory("bans", sizeof(ipc::BansPage));
    mapping_ = *platform::SharedMapping::map(memory_.get(), sizeof(ipc::LimitsPage),
                                             platform::SharedMapping::Access::read_write);
  }

  // Another process.
  Limits& acceptor() {
    Limits& limits = acceptors_.emplace_back([] { return time_now; });
    EXPECT_EQ(limits.attach(memory_.get(), column_), "");
    EXPECT_EQ(limits.attach_bans(bans_.get()), "");
    mapping_.as<ipc::LimitsPage>().columns = ++column_;
    limits.apply(config);
    return limits;
  }
  void die(std::uint32_t column) {
    ipc::zero_column(mapping_.as<ipc::LimitsPage>().connections, column);
  }

  config::Config config;

 private:
  platform::UniqueFd memory_, bans_;
  platform::SharedMapping mapping_;
  std::list<Limits> acceptors_;
  std::uint32_t column_ = 0;
};

Refusal reason(const std::optional<Failure>& failure) {
  return failure ? failure->reason : Refusal::internal_error;
}

TEST_F(LimitsTest, NothingIsLimitedByDefault) {
  ClientPlace place(acceptor());
  EXPECT_FALSE(place.enter_address(here));
  EXPECT_FALSE(place.enter());
  EXPECT_FALSE(place.enter_user("alice"));
  for (int i = 0; i < 10'000; ++i) ASSERT_FALSE(place.admit_request());
  EXPECT_FALSE(place.limits_bytes());
}

TEST_F(LimitsTest, ConnectionsOfAnAddress) {
  config.network.limits.max_connections_per_ip = 2;
  Limits& first = acceptor();
  Limits& second_one = acceptor();
  ClientPlace one(first), other(first), third(second_one), stranger(second_one);
  EXPECT_FALSE(one.enter_address(here));
  {
    ClientPlace two(second_one);
    EXPECT_FALSE(two.enter_address(here));
    const auto refused = third.enter_address(here);
    EXPECT_EQ(reason(refused), Refusal::connection_limit_ip);
    EXPECT_GE(refused->retry_after_s, 1U);
  }
  EXPECT_FALSE(stranger.enter_address(elsewhere));
  EXPECT_FALSE(third.enter_address(here)) << "a place was given back";
  EXPECT_TRUE(other.enter_address(here));
}

TEST_F(LimitsTest, ConnectionsInAll) {
  config.network.limits.max_connections = 2;
  Limits& first = acceptor();
  Limits& second_one = acceptor();
  ClientPlace one(first), two(second_one);
  EXPECT_FALSE(one.enter());
  EXPECT_FALSE(two.enter());
  {
    ClientPlace moved(std::move(one));
    EXPECT_EQ(reason(ClientPlace(first).enter()), Refusal::connection_limit);
  }
  EXPECT_FALSE(ClientPlace(first).enter());
}

TEST_F(LimitsTest, ConnectionsOfAUser) {
  config.network.limits.max_connections_per_user = 1;
  Limits& limits = acceptor();
  ClientPlace one(limits), two(limits);
  EXPECT_FALSE(one.enter_user("alice"));
  EXPECT_FALSE(one.enter_user("alice")) << "the same connection again";
  EXPECT_EQ(reason(two.enter_user("alice")), Refusal::connection_limit_user);
  EXPECT_FALSE(two.enter_user("bob"));
  EXPECT_FALSE(one.enter_user("carol"));
  UserTerms own;
  own.max_connections = 5;
  ClientPlace three(limits);
  EXPECT_FALSE(three.enter_user("bob", std::make_shared<const std::optional<UserTerms>>(own)))
      << "more than the others may have";
}

TEST_F(LimitsTest, ACrashGivesPlacesBack) {
  config.network.limits.max_connections = 3;
  config.network.limits.max_connections_per_ip = 3;
  Limits& dead = acceptor();
  Limits& alive = acceptor();
  std::vector<ClientPlace> lost;
  for (int i = 0; i < 3; ++i) {
    lost.emplace_back(dead);
    EXPECT_FALSE(lost.back().enter_address(here));
    EXPECT_FALSE(lost.back().enter());
  }
  EXPECT_TRUE(ClientPlace(alive).enter_address(here));
  EXPECT_TRUE(ClientPlace(alive).enter());
  die(0);
  ClientPlace place(alive);
  EXPECT_FALSE(place.enter_address(here));
  EXPECT_FALSE(place.enter());
}

TEST_F(LimitsTest, AConnectionThatIsTakenOverHasItsPlaceWhateverTheLimit) {
  config.network.limits.max_connections = 1;
  config.network.limits.max_connections_per_ip = 1;
  Limits& limits = acceptor();
  ClientPlace one(limits), two(limits);
  one.force(here, "alice");
  two.force(here, "alice");
  EXPECT_EQ(limits.counting().total(), 2U);
  EXPECT_TRUE(ClientPlace(limits).enter_address(here));
}

TEST_F(LimitsTest, RatesHoldOverAllAcceptors) {
  config.rate_limiting.enabled = true;
  config.rate_limiting.global.requests_per_second = 1000;
  config.rate_limiting.per_ip.requests_per_second = 400;
  config.rate_limiting.per_user.requests_per_second = 200;
  struct Clients {
    explicit Clients(Limits& limits) : anonymous(limits), user(limits), others(limits) {}
    ClientPlace anonymous, user, others;
  };
  std::list<Clients> all;
  for (std::uint32_t i = 0; i < 3; ++i) {
    Clients& clients = all.emplace_back(acceptor());
    clients.anonymous.enter_address(here);
    clients.user.enter_address(wire::IpAddress::v4(0x0a000000 + i));
    clients.user.enter_user("alice");
    clients.others.enter_address(wire::IpAddress::v4(0x0b000000 + i));
  }
  int of_address = 0, of_user = 0, of_all = 0;
  for (const std::uint64_t end = time_now + 10 * second; time_now < end; time_now += millisecond) {
    for (Clients& clients : all) {
      const bool anonymous = !clients.anonymous.admit_request();
      const bool user = !clients.user.admit_request();
      const bool other = !clients.others.admit_request();
      of_address += anonymous ? 1 : 0;
      of_user += user ? 1 : 0;
      of_all += (anonymous ? 1 : 0) + (user ? 1 : 0) + (other ? 1 : 0);
    }
  }
  EXPECT_NEAR(of_all, 10'000, 60);
  EXPECT_NEAR(of_address, 4'000, 60);
  EXPECT_NEAR(of_user, 2'000, 60);
}

TEST_F(LimitsTest, ARefusedRequestSaysWhenToComeBack) {
  config.rate_limiting.enabled = true;
  config.rate_limiting.per_ip = {0.2, 2};
  ClientPlace place(acceptor());
  EXPECT_FALSE(place.enter_address(here));
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(place.admit_request()) << "one and the burst";
  const auto refused = place.admit_request();
  EXPECT_EQ(reason(refused), Refusal::rate_limit_ip);
  EXPECT_EQ(refused->retry_after_s, 5U);
}

TEST_F(LimitsTest, WhatAWiderLimitRefusesIsNotChargedToTheNarrow) {
  config.rate_limiting.enabled = true;
  config.rate_limiting.global = {0.01, 0};
  config.rate_limiting.per_ip = {0.01, 1};
  Limits& limits = acceptor();
  ClientPlace place(limits);
  EXPECT_FALSE(place.enter_address(here));
  EXPECT_FALSE(place.admit_request());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(reason(place.admit_request()), Refusal::rate_limit_global);
  config.rate_limiting.global = {};
  limits.apply(config);
  EXPECT_FALSE(place.admit_request()) << "the address still has its second one";
  EXPECT_EQ(reason(place.admit_request()), Refusal::rate_limit_ip);
}

TEST_F(LimitsTest, OpeningConnectionsTooFastIsRefused) {
  config.rate_limiting.enabled = true;
  config.rate_limiting.connections = {0.1, 3};
  Limits& limits = acceptor();
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(ClientPlace(limits).enter_address(here)) << i;
  EXPECT_EQ(reason(ClientPlace(limits).enter_address(here)), Refusal::connection_rate_ip);
  EXPECT_FALSE(ClientPlace(limits).enter_address(elsewhere));
}

// A connection that always has something to send.
struct Sender {
  Sender(Limits& limits, const wire::IpAddress& address, const char* user)
      : place(limits), pace(place, Pace::Way::down) {
    place.enter_address(address);
    place.enter_user(user);
  }
  void send() {
    const std::size_t bytes = std::min<std::size_t>(pace.allowance(), 64 * 1024);
    pace.took(bytes);
    sent += bytes;
  }

  ClientPlace place;
  Pace pace;
  std::uint64_t sent = 0;
};

class PaceTest : public LimitsTest {
 protected:
  PaceTest() {
    config.rate_limiting.enabled = true;
    config.rate_limiting.bandwidth.enabled = true;
  }

  // So many connections of the address (or, without one, of an address each), in three acceptors
  // whose timers are late by up to 20 ms; bytes a second of all together.
  double measure(std::uint32_t connections, const wire::IpAddress* address, const char* user = "") {
    std::vector<Limits*> acceptors{&acceptor(), &acceptor(), &acceptor()};
    std::list<Sender> senders;
    for (std::uint32_t i = 0; i < connections; ++i) {
      const wire::IpAddress own = wire::IpAddress::v4(0x0a000000 + i);
      senders.emplace_back(*acceptors[i % 3], address != nullptr ? *address : own, user);
    }
    std::uint64_t before = 0;
    const std::uint64_t began = time_now;
    for (std::uint64_t tick = 0; time_now < began + 11 * second; ++tick) {
      // What was saved up before is not part of the rate.
      if (tick == 100) before = total(senders);
      for (Sender& sender : senders) sender.send();
      time_now += tick % 10 == 0 ? 20 * millisecond : millisecond;
    }
    const double seconds = static_cast<double>(time_now - began) / second - 0.29;
    return static_cast<double>(total(senders) - before) / seconds;
  }

 private:
  static std::uint64_t total(const std::list<Sender>& senders) {
    std::uint64_t sum = 0;
    for (const Sender& sender : senders) sum += sender.sent;
    return sum;
  }
};

constexpr double mbit = 1e6 / 8;

TEST_F(PaceTest, OfAConnection) {
  config.rate_limiting.bandwidth.max_mbps_per_connection = 40;
  EXPECT_NEAR(measure(1, &here), 40 * mbit, 2 * mbit);
  EXPECT_NEAR(measure(3, &here), 120 * mbit, 6 * mbit);
}

TEST_F(PaceTest, OfAnAddress) {
  config.rate_limiting.bandwidth.max_mbps_per_ip = 40;
  EXPECT_NEAR(measure(4, &here), 40 * mbit, 2 * mbit);
  EXPECT_NEAR(measure(3, nullptr), 120 * mbit, 6 * mbit);
}

TEST_F(PaceTest, OfAUser) {
  config.rate_limiting.bandwidth.max_mbps_per_user = 40;
  EXPECT_NEAR(measure(4, nullptr, "alice"), 40 * mbit, 2 * mbit);
}

TEST_F(PaceTest, OfAllTogether) {
  config.rate_limiting.bandwidth.max_mbps_total = 80;
  config.rate_limiting.bandwidth.max_mbps_per_connection = 40;
  EXPECT_NEAR(measure(6, nullptr), 80 * mbit, 4 * mbit);
}

TEST_F(PaceTest, DirectionsAreApartUnlessAUserHasThemTogether) {
  config.rate_limiting.bandwidth.max_mbps_per_ip = 8;
  Limits& limits = acceptor();
  ClientPlace place(limits);
  place.enter_address(here);
  Pace up(place, Pace::Way::up), down(place, Pace::Way::down);
  EXPECT_GT(up.allowance(), 0U);
  up.took(2'000'000);  // two seconds' worth
  up.took(up.allowance());
  EXPECT_EQ(up.allowance(), 0U);
  EXPECT_GT(down.allowance(), 0U);
  UserTerms together;
  together.bytes = byte_terms(8);
  together.bytes_together = true;
  ClientPlace of_user(limits);
  of_user.enter_address(elsewhere);
  of_user.enter_user("alice", std::make_shared<const std::optional<UserTerms>>(together));
  Pace user_up(of_user, Pace::Way::up), user_down(of_user, Pace::Way::down);
  user_up.took(2'000'000);
  EXPECT_EQ(user_down.allowance(), 0U);
}

TEST_F(PaceTest, AReloadHoldsForConnectionsThatAreOpen) {
  Limits& limits = acceptor();
  ClientPlace place(limits);
  place.enter_address(here);
  Pace pace(place, Pace::Way::up);
  EXPECT_EQ(pace.allowance(), runtime::Meter::unlimited);
  config.rate_limiting.bandwidth.max_mbps_total = 8;
  limits.apply(config);
  EXPECT_LE(pace.allowance(), 10'000U);
  config.rate_limiting.bandwidth.enabled = false;
  limits.apply(config);
  EXPECT_EQ(pace.allowance(), runtime::Meter::unlimited);
}

TEST_F(PaceTest, WhatIsNotUsedIsGivenBack) {
  config.rate_limiting.bandwidth.max_mbps_total = 0.08;  // 10,000 bytes a second
  Limits& limits = acceptor();
  for (int i = 0; i < 1000; ++i) {
    ClientPlace place(limits);
    Pace pace(place, Pace::Way::up);
    ASSERT_GT(pace.allowance(), 0U) << i;
  }
}

struct Reported {
  std::vector<std::pair<proto::BanReason, wire::IpAddress>> offences;
  AbuseWatch::Report sink() {
    return [this](proto::BanReason reason, const wire::IpAddress& address) {
      offences.emplace_back(reason, address);
    };
  }
};

TEST_F(LimitsTest, AbuseIsSeenOverAllAcceptors) {
  config.access_control.abuse = {true, 60s, 20, 10, 30, 600s, {}};
  Limits& first = acceptor();
  Limits& second_one = acceptor();
  AbuseWatch one(first), two(second_one);
  Reported reported;
  one.set_report(reported.sink());
  two.set_report(reported.sink());
  const std::uint64_t subject = first.subject(here);
  for (std::uint16_t i = 0; i < 10; ++i) {
    for (int again = 0; again < 3; ++again) one.port_asked(subject, here, 1000 + i);
  }
  EXPECT_TRUE(reported.offences.empty()) << "ten different ports";
  for (std::uint16_t i = 10; i < 13; ++i) two.port_asked(subject, here, 1000 + i);
  ASSERT_EQ(reported.offences.size(), 1U) << "told once";
  EXPECT_EQ(reported.offences[0], std::pair(proto::BanReason::port_scan, here));
  for (int i = 0; i < 12; ++i) {
    one.refused(subject, here, Refusal::connection_refused);
    one.refused(subject, here, Refusal::rule_blocked);
    two.refused(subject, here, Refusal::name_not_found);
  }
  ASSERT_EQ(reported.offences.size(), 2U);
  EXPECT_EQ(reported.offences[1].first, proto::BanReason::failed_destinations);
  const std::uint64_t other = first.subject(elsewhere);
  for (int i = 0; i < 33; ++i) two.connection_refused(other, elsewhere);
  ASSERT_EQ(reported.offences.size(), 3U);
  EXPECT_EQ(reported.offences[2], std::pair(proto::BanReason::connection_flood, elsewhere));
}

}  // namespace
}  // namespace bulkhead::acceptor
