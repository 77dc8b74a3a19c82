#include "ipc/page/backend_page.h"

#include <gtest/gtest.h>
#include <memory>

#include "ipc/page/health_page.h"

namespace bulkhead::ipc {
namespace {

TEST(BackendPage, SumsTheColumnsInUse) {
  const auto page = std::make_unique<BackendPage>();
  page->columns = 3;
  page->cells[0][7].in_use = 5;
  page->cells[2][7].in_use = 2;
  page->cells[2][7].waiting = 1;
  page->cells[3][7].in_use = 100;
  page->cells[0][8].in_use = 9;
  EXPECT_EQ(use_of(*page, 7).in_use, 7u);
  EXPECT_EQ(use_of(*page, 7).waiting, 1u);
}

TEST(BackendPage, DoesNotBelieveNonsense) {
  const auto page = std::make_unique<BackendPage>();
  page->columns = UINT32_MAX;
  page->cells[0][0].in_use = UINT32_MAX;
  page->cells[1][0].in_use = 1;
  EXPECT_EQ(use_of(*page, 0).in_use, 1u);
}

TEST(LatencyWord, BeginsWithTheFirstSampleAndMovesByAnEighth) {
  LatencyWord latency{};
  EXPECT_EQ(latency_us(latency), 0u);
  add_sample(latency, 8'000, 5);
  EXPECT_EQ(latency_us(latency), 8'000u);
  add_sample(latency, 16'000, 6);
  EXPECT_EQ(latency_us(latency), 9'000u);
}

TEST(LatencyWord, ForgetsWhatWasLongAgo) {
  LatencyWord latency{};
  add_sample(latency, 100'000, 0);
  add_sample(latency, 1'000, 60'000);
  EXPECT_LT(latency_us(latency), 2'000u);
}

TEST(LatencyWord, GoesOnWhenItsClockWraps) {
  LatencyWord latency{};
  add_sample(latency, 8'000, 0xFFFF'FFFF);
  add_sample(latency, 16'000, 0x1'0000'0000);
  EXPECT_EQ(latency_us(latency), 9'000u);
}

constexpr std::uint64_t key = 0x1234'5678'9ABC'DEF0;

TEST(StickyTable, RemembersForItsLifetimeSinceTheLastUse) {
  const auto table = std::make_unique<StickyTable>();
  EXPECT_FALSE(find_sticky(*table, key, 100, 60));
  remember_sticky(*table, key, 0, 100);
  EXPECT_EQ(find_sticky(*table, key, 150, 60), 0u);
  EXPECT_EQ(find_sticky(*table, key, 200, 60), 0u) << "renewed at 150";
  EXPECT_FALSE(find_sticky(*table, key, 260, 60));
}

TEST(StickyTable, TheNewestChoiceHolds) {
  const auto table = std::make_unique<StickyTable>();
  remember_sticky(*table, key, 3, 100);
  remember_sticky(*table, key, 511, 101);
  EXPECT_EQ(find_sticky(*table, key, 102, 60), 511u);
}

TEST(StickyTable, MakesRoomWhereItWasUsedLongestAgo) {
  const auto table = std::make_unique<StickyTable>();
  const auto in_one_bucket = [](std::uint64_t number) { return number << 40 | 5; };
  for (std::uint64_t i = 0; i <= sticky_ways; ++i) {
    remember_sticky(*table, in_one_bucket(i + 1), 1, static_cast<std::uint32_t>(100 + i));
  }
  EXPECT_FALSE(find_sticky(*table, in_one_bucket(1), 110, 60));
  for (std::uint64_t i = 1; i <= sticky_ways; ++i) {
    EXPECT_TRUE(find_sticky(*table, in_one_bucket(i + 1), 110, 60)) << i;
  }
}

Health full() {
  return {42,
          HealthState::unhealthy,
          HealthSource::traffic,
          1,
          2,
          3,
          4,
          5,
          6,
          7,
          8,
          7,
          10,
          11,
          "why " + std::string(max_problem - 4, 'x')};
}

TEST(HealthPage, KeepsEverything) {
  const auto page = std::make_unique<HealthPage>();
  EXPECT_EQ(read_health(page->records[0]), Health{});
  write_health(page->records[0], full());
  EXPECT_EQ(read_health(page->records[0]), full());
  EXPECT_EQ(state_of(page->records[0]), HealthState::unhealthy);
}

TEST(HealthPage, CutsALongProblem) {
  const auto page = std::make_unique<HealthPage>();
  Health health;
  health.problem = std::string(500, 'y');
  write_health(page->records[0], health);
  EXPECT_EQ(read_health(page->records[0]).problem, std::string(max_problem, 'y'));
}

TEST(HealthPage, ARecordLeftHalfWrittenIsMadeWholeByTheNextWriter) {
  const auto page = std::make_unique<HealthPage>();
  HealthRecord& record = page->records[0];
  write_health(record, full());
  record.version += 1;
  EXPECT_EQ(read_health(record).identity, 42u) << "readers do not hang";
  write_health(record, full());
  EXPECT_EQ(record.version % 2, 0u);
  EXPECT_EQ(read_health(record), full());
}

TEST(HealthPage, DoesNotBelieveNonsense) {
  const auto page = std::make_unique<HealthPage>();
  HealthRecord& record = page->records[0];
  record.state = 17;
  for (auto& number : record.number) number = UINT64_MAX;
  const Health health = read_health(record);
  EXPECT_EQ(health.state, HealthState::unknown);
  EXPECT_EQ(health.source, HealthSource::nothing);
  EXPECT_EQ(health.problem.size(), max_problem);
  EXPECT_EQ(state_of(record), HealthState::unknown);
}

TEST(HealthPage, UptimeIsThatOfTheKnownTime) {
  Health health;
  EXPECT_LT(uptime_percent(health, 1'000), 0);
  health.state = HealthState::healthy;
  health.since_steady_ms = 1'000;
  EXPECT_DOUBLE_EQ(uptime_percent(health, 1'000), 100);
  health.down_ms = 100;
  EXPECT_DOUBLE_EQ(uptime_percent(health, 1'300), 75);
  health.state = HealthState::unhealthy;
  EXPECT_DOUBLE_EQ(uptime_percent(health, 1'300), 0);
}

}  // namespace
}  // namespace bulkhead::ipc
