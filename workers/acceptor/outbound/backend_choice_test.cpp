#include "workers/acceptor/outbound/backend_choice.h"

#include <gtest/gtest.h>

#include "config/load.h"
#include "runtime/timer.h"

namespace bulkhead::acceptor {
namespace {

using namespace std::chrono_literals;
using proto::Refusal;
using Outcome = tl::expected<BackendChoice::Chosen, Failure>;

const Failure refused{Refusal::connection_refused, "refused"};
const Failure late{Refusal::connect_timeout, "late"};

OpenReport fault_of(OpenReport::AtFault whose) {
  OpenReport report;
  report.at_fault = whose;
  return report;
}

runtime::Task<void> take_next(BackendChoice& choice, std::optional<Outcome>& out,
                              runtime::Loop& loop) {
  Outcome outcome = co_await choice.next();
  out.emplace(std::move(outcome));
  loop.stop();
}

// Parents a, b and c; the rule's other settings are the tests'.
class BackendChoiceTest : public ::testing::Test {
 protected:
  BackendChoiceTest() {
    health_memory_ = *platform::create_shared_memory("test", sizeof(ipc::HealthPage));
    health_ = *platform::SharedMapping::map(health_memory_.get(), sizeof(ipc::HealthPage),
                                            platform::SharedMapping::Access::read_write);
    EXPECT_TRUE(balancer_.shared.open_health(health_memory_.get()));
  }
  // The queue has looked once more and found that nobody waits.
  ~BackendChoiceTest() override {
    bool over = false;
    runtime::spawn(stop_soon(loop_, over));
    while (!over) loop_.run();
  }
  static runtime::Task<void> stop_soon(runtime::Loop& loop, bool& over) {
    co_await runtime::sleep_for(50ms);
    over = true;
    loop.stop();
  }

  void configure(const std::string& balancing, const std::string& backend_settings = "",
                 const std::string& rest = "") {
    std::string text = rest + "backends:\n";
    for (const char* name : {"a", "b", "c"}) {
      text += "  - {name: " + std::string(name) +
              ", type: socks5, proxy: {address: 'p.example:1'}" + backend_settings + "}\n";
    }
    text +=
        "rules:\n  - name: r\n    match: {domains: '*'}\n    backends: [{name: a}, {name: b}, "
        "{name: c}]\n    load_balancing: {" +
        balancing + "}\n  - {name: single, match: {domains: '*'}, backend: a}\n";
    auto loaded = config::load_text(text, "test");
    ASSERT_TRUE(loaded.config) << to_string(loaded.diagnostics.front());
    auto config = std::make_shared<config::Config>(*loaded.config);
    for (std::uint32_t i = 0; i < 3; ++i) {
      config->backends[i].slot = i;
      config->backends[i].health_check.emplace();
    }
    std::string error;
    generation_ = Generation::make(1, config, error);
    ASSERT_TRUE(generation_) << error;
  }

  std::unique_ptr<BackendChoice> begin(std::size_t rule = 0, const char* client = "192.0.2.1") {
    return std::make_unique<BackendChoice>(balancer_, generation_, generation_->config->rules[rule],
                                           *wire::IpAddress::parse(client), nullptr);
  }

  Outcome next(BackendChoice& choice) {
    std::optional<Outcome> out;
    runtime::spawn(take_next(choice, out, loop_));
    while (!out) loop_.run();
    return std::move(*out);
  }

  // The name of the next, or of why there is none.
  std::string next_name(BackendChoice& choice) {
    kept_.push_back(next(choice));
    const Outcome& outcome = kept_.back();
    return outcome ? outcome->backend->name : std::string(to_string(outcome.error().reason));
  }

  void set_health(std::uint32_t slot, ipc::HealthState state, std::uint64_t healthy_at = 0) {
    ipc::Health health;
    health.state = state;
    health.healthy_at_ms = healthy_at;
    write_health(health_.as<ipc::HealthPage>().records[slot], health);
  }

  // Makes connections through the rule `single` fail because of backend a.
  void fail_single(int times) {
    for (int i = 0; i < times; ++i) {
      const auto choice = begin(1);
      ASSERT_EQ(next_name(*choice), "a");
      EXPECT_FALSE(choice->failed(refused, fault_of(OpenReport::AtFault::backend)));
    }
  }

  runtime::Loop loop_;
  UpstreamPool pool_;
  std::string reports_;
  Balancer balancer_{pool_, [this](const config::Backend& backend, bool works, std::string) {
                       reports_ += backend.name + (works ? "+" : "-");
                     }};
  platform::UniqueFd health_memory_;
  platform::SharedMapping health_;
  std::shared_ptr<const Generation> generation_;
  std::vector<Outcome> kept_;  // their places
};

TEST_F(BackendChoiceTest, TriesTheOthersWhileConnectingFails) {
  configure("algorithm: failover");
  const auto choice = begin();
  EXPECT_EQ(next_name(*choice), "a");
  EXPECT_TRUE(choice->failed(refused, fault_of(OpenReport::AtFault::backend)));
  EXPECT_EQ(next_name(*choice), "b");
  EXPECT_TRUE(choice->failed(refused, fault_of(OpenReport::AtFault::nobody)));
  EXPECT_EQ(next_name(*choice), "c");
  EXPECT_FALSE(choice->failed(late, fault_of(OpenReport::AtFault::backend))) << "none is left";
  EXPECT_EQ(next_name(*choice), "connect_timeout") << "what the last one said";
}

TEST_F(BackendChoiceTest, TriesNoMoreThanItMay) {
  configure("algorithm: failover, attempts: 2");
  const auto choice = begin();
  next_name(*choice);
  EXPECT_TRUE(choice->failed(refused, fault_of(OpenReport::AtFault::backend)));
  next_name(*choice);
  EXPECT_FALSE(choice->failed(refused, fault_of(OpenReport::AtFault::backend)));
  EXPECT_EQ(next_name(*choice), "connection_refused");
}

TEST_F(BackendChoiceTest, DoesNotTryElsewhereWhatWouldGoNoBetter) {
  configure("algorithm: failover");
  const std::pair<Failure, OpenReport::AtFault> futile[] = {
      {late, OpenReport::AtFault::nobody},
      {{Refusal::destination_denied, ""}, OpenReport::AtFault::nobody},
      {{Refusal::name_not_found, ""}, OpenReport::AtFault::nobody},
      {{Refusal::egress_unavailable, ""}, OpenReport::AtFault::nobody}};
  for (const auto& [failure, whose] : futile) {
    const auto choice = begin();
    next_name(*choice);
    EXPECT_FALSE(choice->failed(failure, fault_of(whose))) << to_string(failure.reason);
  }
}

TEST_F(BackendChoiceTest, PassesOverTheUnhealthyUnlessAllAre) {
  configure("algorithm: failover");
  set_health(0, ipc::HealthState::unhealthy);
  EXPECT_EQ(next_name(*begin()), "b");
  set_health(1, ipc::HealthState::unhealthy);
  set_health(2, ipc::HealthState::unhealthy);
  EXPECT_EQ(next_name(*begin()), "a");
}

TEST_F(BackendChoiceTest, ABackendIsAsHealthyAsThoseItIsReachedThrough) {
  configure("algorithm: failover");
  auto config = std::make_shared<config::Config>(*generation_->config);
  config->backends[0].via = "c";
  std::string error;
  generation_ = Generation::make(2, config, error);
  set_health(2, ipc::HealthState::unhealthy);
  EXPECT_EQ(next_name(*begin()), "b");
}

TEST_F(BackendChoiceTest, RestsAfterFailuresInARowAndReportsIt) {
  configure("algorithm: failover", "",
            "health_checks: {passive: {failures: 3, rest: 1h, max_rest: 1h}}\n");
  fail_single(3);
  EXPECT_EQ(reports_, "a-");
  EXPECT_EQ(next_name(*begin(1)), "backend_unavailable");
  EXPECT_EQ(next_name(*begin()), "b") << "another rule's choice knows it too";
}

TEST_F(BackendChoiceTest, FailuresOfDestinationsDoNotCount) {
  configure("", "", "health_checks: {passive: {failures: 1}}\n");
  for (const auto whose : {OpenReport::AtFault::nobody, OpenReport::AtFault::destination}) {
    const auto choice = begin(1);
    EXPECT_EQ(next_name(*choice), "a");
    choice->failed(refused, fault_of(whose));
  }
  EXPECT_EQ(next_name(*begin(1)), "a");
}

TEST_F(BackendChoiceTest, OneTrialAfterTheRestAndItsSuccessCloses) {
  configure("", "", "health_checks: {passive: {failures: 1, rest: 100ms}}\n");
  const auto before = begin(1);
  next_name(*before);
  before->succeeded({});
  fail_single(1);
  EXPECT_EQ(next_name(*begin(1)), "backend_unavailable");
  loop_.refresh_now();
  const auto rested = loop_.now() + 110ms;
  while (loop_.now() < rested) loop_.refresh_now();
  const auto trial = begin(1);
  EXPECT_EQ(next_name(*trial), "a");
  EXPECT_EQ(next_name(*begin(1)), "backend_unavailable") << "the trial is under way";
  trial->succeeded({});
  EXPECT_EQ(next_name(*begin(1)), "a");
  EXPECT_EQ(reports_, "a+a-a+") << "that it works again is said at once";
}

TEST_F(BackendChoiceTest, ATrialThatWasCalledOffIsNoVerdict) {
  configure("", "", "health_checks: {passive: {failures: 1, rest: 100ms}}\n");
  fail_single(1);
  loop_.refresh_now();
  const auto rested = loop_.now() + 110ms;
  while (loop_.now() < rested) loop_.refresh_now();
  EXPECT_EQ(next_name(*begin(1)), "a");
  EXPECT_EQ(next_name(*begin(1)), "a") << "the first is gone";
}

TEST_F(BackendChoiceTest, ACheckThatFoundItHealthyEndsTheRest) {
  configure("", "", "health_checks: {passive: {failures: 1, rest: 1h, max_rest: 1h}}\n");
  fail_single(1);
  set_health(0, ipc::HealthState::healthy, UINT32_MAX * std::uint64_t{1000});
  EXPECT_EQ(next_name(*begin(1)), "a");
}

TEST_F(BackendChoiceTest, SaysOnceThatAnUnknownBackendWorks) {
  configure("algorithm: failover");
  for (int i = 0; i < 3; ++i) {
    const auto choice = begin();
    next_name(*choice);
    choice->succeeded({});
  }
  EXPECT_EQ(reports_, "a+");
  set_health(1, ipc::HealthState::healthy);
  set_health(0, ipc::HealthState::unhealthy);
  const auto choice = begin();
  next_name(*choice);
  choice->succeeded({});
  EXPECT_EQ(reports_, "a+") << "the egress knows that b works";
}

TEST_F(BackendChoiceTest, TakesAnotherWhereAllConnectionsAreInUse) {
  configure("algorithm: failover", ", max_connections: 1");
  EXPECT_EQ(next_name(*begin()), "a");
  EXPECT_EQ(next_name(*begin()), "b");
  EXPECT_EQ(next_name(*begin()), "c");
  kept_.erase(kept_.begin() + 1);
  EXPECT_EQ(next_name(*begin()), "b");
}

TEST_F(BackendChoiceTest, WaitsForAPlaceInTheOrderTheyCame) {
  configure("", ", max_connections: 1, queue_timeout: 10s");
  EXPECT_EQ(next_name(*begin(1)), "a");
  const auto first = begin(1), second = begin(1);
  std::optional<Outcome> first_out, second_out;
  runtime::spawn(take_next(*first, first_out, loop_));
  runtime::spawn(take_next(*second, second_out, loop_));
  EXPECT_EQ(balancer_.shared.use_of(0).waiting, 2u);
  EXPECT_FALSE(first_out);
  kept_.clear();
  while (!first_out) loop_.run();
  EXPECT_TRUE(*first_out);
  EXPECT_FALSE(second_out);
  const auto latecomer = begin(1);
  std::optional<Outcome> late_out;
  runtime::spawn(take_next(*latecomer, late_out, loop_));
  first_out.reset();
  while (!second_out) loop_.run();
  EXPECT_TRUE(*second_out);
  EXPECT_FALSE(late_out);
  second_out.reset();
  while (!late_out) loop_.run();
  EXPECT_TRUE(*late_out);
  EXPECT_EQ(balancer_.shared.use_of(0).waiting, 0u);
}

TEST_F(BackendChoiceTest, TheQueueIsBoundedAndTimed) {
  configure("", ", max_connections: 1, max_queue: 1, queue_timeout: 30ms");
  EXPECT_EQ(next_name(*begin(1)), "a");
  const auto waiting = begin(1);
  std::optional<Outcome> out;
  runtime::spawn(take_next(*waiting, out, loop_));
  EXPECT_EQ(next_name(*begin(1)), "overloaded") << "one waits already";
  EXPECT_FALSE(out);
  while (!out) loop_.run();
  EXPECT_FALSE(*out);
  EXPECT_EQ(out->error().reason, Refusal::overloaded);
}

TEST_F(BackendChoiceTest, ASingleLimitHoldsWithoutASettingOfItsOwn) {
  configure("", ", max_queue: 0", "network: {limits: {max_connections_per_backend: 1}}\n");
  EXPECT_EQ(next_name(*begin(1)), "a");
  EXPECT_EQ(next_name(*begin(1)), "overloaded");
}

TEST_F(BackendChoiceTest, AStickyClientStaysWhereItWas) {
  configure("algorithm: round_robin, sticky_sessions: true");
  std::string first;
  for (int i = 0; i < 6; ++i) {
    const auto choice = begin();
    const std::string name = next_name(*choice);
    choice->succeeded({});
    if (i == 0) first = name;
    EXPECT_EQ(name, first);
  }
  const auto other = begin(0, "192.0.2.2");
  EXPECT_NE(next_name(*other), first);
  // It goes elsewhere when that does not work, and then stays there.
  const auto slot = static_cast<std::uint32_t>(first[0] - 'a');
  set_health(slot, ipc::HealthState::unhealthy);
  const auto moved = begin();
  const std::string second = next_name(*moved);
  EXPECT_NE(second, first);
  moved->succeeded({});
  set_health(slot, ipc::HealthState::healthy);
  EXPECT_EQ(next_name(*begin()), second);
}

TEST_F(BackendChoiceTest, WhatIsNotThereFailsClosed) {
  configure("algorithm: failover");
  auto config = std::make_shared<config::Config>(*generation_->config);
  for (auto& backend : config->backends) backend.unavailable = "gone";
  std::string error;
  generation_ = Generation::make(2, config, error);
  EXPECT_EQ(next_name(*begin()), "backend_unavailable");
  EXPECT_EQ(kept_.back().error().detail, "gone");
}

TEST_F(BackendChoiceTest, TakesForDatagramsWhatSuitsAndHasAPlace) {
  configure("algorithm: failover", ", max_connections: 1");
  const auto is_c = [](const config::Backend& backend) { return backend.name == "c"; };
  auto held = begin()->take_one(is_c, "no");
  ASSERT_TRUE(held);
  EXPECT_EQ(held->backend->name, "c");
  EXPECT_EQ(balancer_.shared.use_of(2).in_use, 1U);
  EXPECT_EQ(begin()->take_one(is_c, "no").error().reason, Refusal::overloaded);
  held->place = {};
  EXPECT_TRUE(begin()->take_one(is_c, "no"));
  const auto none = begin()->take_one([](const config::Backend&) { return false; }, "no");
  EXPECT_EQ(none.error().reason, Refusal::backend_unsuitable);
}

}  // namespace
}  // namespace bulkhead::acceptor
