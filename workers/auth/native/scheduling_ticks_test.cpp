// It ticks while it is used, and only then.
#include "workers/auth/native/scheduling_ticks.h"

#include <gtest/gtest.h>
#include <optional>

#include "workers/auth/native/password_hash.h"

namespace bulkhead::auth {
namespace {

using namespace std::chrono_literals;

void await_ticks(const SchedulingTicks& ticks, std::uint64_t count) {
  while (ticks.count() < count) std::this_thread::sleep_for(1ms);
}

TEST(SchedulingTicks, TickAsLongAsSomebodyUsesThem) {
  SchedulingTicks ticks;
  std::optional<SchedulingTicks::Use> one, other;
  one.emplace(ticks);
  other.emplace(ticks);
  await_ticks(ticks, 3);
  one.reset();
  await_ticks(ticks, ticks.count() + 3);
  other.reset();
  // One may be under way.
  std::this_thread::sleep_for(5ms);
  const std::uint64_t last = ticks.count();
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(ticks.count(), last);
  one.emplace(ticks);
  await_ticks(ticks, last + 1);
}

TEST(SchedulingTicks, EndWhileTheyAreUsedByNobodyOrWereNever) {
  {
    const SchedulingTicks unused;
  }
  SchedulingTicks ticks;
  {
    const SchedulingTicks::Use use(ticks);
  }
}

TEST(SchedulingTicks, AHashIsAccompanied) {
  HashingPlaces places(1);
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  const std::uint64_t before = places.ticks().count();
  ASSERT_TRUE(places.hash(platform::Secret("a password"), deadline));
  EXPECT_GT(places.ticks().count(), before);
}

}  // namespace
}  // namespace bulkhead::auth
