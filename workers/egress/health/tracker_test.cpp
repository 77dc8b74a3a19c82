#include "workers/egress/health/tracker.h"

#include <gtest/gtest.h>

namespace bulkhead::egress_worker {
namespace {

using ipc::HealthSource;
using ipc::HealthState;

class TrackerTest : public ::testing::Test {
 protected:
  bool check(ProbeResult::Verdict verdict, std::uint32_t latency = 500) {
    now_.unix_ms += 1'000;
    now_.steady_ms += 1'000;
    const bool works = verdict == ProbeResult::Verdict::works;
    return tracker_.note_check({verdict, works ? latency : 0, works ? "" : "it is down"}, settings_,
                               now_);
  }
  bool works() { return check(ProbeResult::Verdict::works); }
  bool fails() { return check(ProbeResult::Verdict::fails); }
  bool traffic(bool works, bool checked = true) {
    return tracker_.note_traffic(works, works ? "" : "connection_refused", checked, now_);
  }
  HealthState state() const { return tracker_.health().state; }

  config::HealthDefaults settings_{std::chrono::seconds(1), std::chrono::seconds(1), 2, 3, 0};
  HealthTracker tracker_{ipc::Health{}};
  Moment now_{1'700'000'000'000, 50'000};
};

TEST_F(TrackerTest, ThresholdsInARow) {
  EXPECT_FALSE(works());
  EXPECT_EQ(state(), HealthState::unknown);
  EXPECT_TRUE(works());
  EXPECT_EQ(state(), HealthState::healthy);
  EXPECT_FALSE(fails());
  EXPECT_FALSE(fails());
  EXPECT_FALSE(works()) << "forgives the failures before";
  EXPECT_FALSE(fails());
  EXPECT_FALSE(fails());
  EXPECT_TRUE(fails());
  EXPECT_EQ(state(), HealthState::unhealthy);
  EXPECT_EQ(tracker_.health().failures, 3u);
  EXPECT_EQ(tracker_.health().problem, "it is down");
  EXPECT_FALSE(works());
  EXPECT_TRUE(works());
  EXPECT_EQ(tracker_.health().problem, "");
  EXPECT_EQ(tracker_.health().source, HealthSource::check);
  EXPECT_EQ(tracker_.health().checks, 10u);
  EXPECT_EQ(tracker_.health().failed, 5u);
}

// Unhealthy without a reason would help nobody.
TEST_F(TrackerTest, TellsWhatConnectionsFoundUntilItIsHealthyAgain) {
  works();
  works();
  EXPECT_TRUE(traffic(false));
  EXPECT_FALSE(works()) << "one of two";
  EXPECT_EQ(state(), HealthState::unhealthy);
  EXPECT_EQ(tracker_.health().problem, "connection_refused");
  EXPECT_TRUE(works());
  EXPECT_EQ(tracker_.health().problem, "");
}

TEST_F(TrackerTest, AnImpossibleCheckDoesNotHideWhatConnectionsFound) {
  check(ProbeResult::Verdict::impossible);
  EXPECT_EQ(tracker_.health().problem, "it is down");
  traffic(false, false);
  check(ProbeResult::Verdict::impossible);
  EXPECT_EQ(tracker_.health().problem, "connection_refused");
  EXPECT_TRUE(traffic(true, false)) << "nothing else would ever say so";
}

TEST_F(TrackerTest, KnowsSinceWhenAndHowMuchOfTheTime) {
  settings_.healthy_threshold = settings_.unhealthy_threshold = 1;
  works();
  const std::uint64_t since = tracker_.health().since_ms;
  works();
  works();
  EXPECT_EQ(tracker_.health().since_ms, since) << "of the change, not of the last check";
  EXPECT_EQ(tracker_.health().checked_ms, since + 2'000);
  EXPECT_EQ(tracker_.health().healthy_at_ms, tracker_.health().since_steady_ms);
  fails();
  EXPECT_EQ(tracker_.health().up_ms, 3'000u);
  EXPECT_DOUBLE_EQ(uptime_percent(tracker_.health(), now_.steady_ms + 1'000), 75);
}

TEST_F(TrackerTest, ConnectionsThatFailedMakeItUnhealthyAndChecksHealthyAgain) {
  works();
  works();
  EXPECT_TRUE(traffic(false));
  EXPECT_EQ(state(), HealthState::unhealthy);
  EXPECT_EQ(tracker_.health().source, HealthSource::traffic);
  EXPECT_EQ(tracker_.health().problem, "connection_refused");
  EXPECT_FALSE(traffic(true)) << "it is for the checks to say";
  EXPECT_FALSE(works());
  EXPECT_TRUE(works());
  EXPECT_EQ(tracker_.health().healthy_at_ms, now_.steady_ms);
}

TEST_F(TrackerTest, WithoutChecksConnectionsDecide) {
  EXPECT_TRUE(traffic(true, false));
  EXPECT_EQ(state(), HealthState::healthy);
  EXPECT_FALSE(traffic(true, false));
  EXPECT_TRUE(traffic(false, false));
  EXPECT_TRUE(traffic(true, false));
  EXPECT_EQ(tracker_.health().healthy_at_ms, 0u) << "no check has found that";
}

TEST_F(TrackerTest, WhatCannotBeAskedSaysNothing) {
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(check(ProbeResult::Verdict::impossible));
  EXPECT_EQ(state(), HealthState::unknown);
  EXPECT_EQ(tracker_.health().problem, "it is down");
  EXPECT_EQ(tracker_.health().checks, 0u);
  EXPECT_NE(tracker_.health().checked_ms, 0u);
}

TEST_F(TrackerTest, GoesOnWithWhatWasKnown) {
  works();
  works();
  HealthTracker successor(tracker_.health());
  EXPECT_EQ(successor.health().state, HealthState::healthy);
  tracker_ = successor;
  fails();
  fails();
  EXPECT_TRUE(fails());
}

}  // namespace
}  // namespace bulkhead::egress_worker
