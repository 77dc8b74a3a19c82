#include "supervisor/backoff.h"

#include <gtest/gtest.h>

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;

const runtime::Deadline start{};

TEST(Backoff, IsImmediateFirstThenDoublesToItsBound) {
  Backoff backoff;
  std::vector<runtime::Duration> delays;
  for (int i = 0; i < 10; ++i) delays.push_back(backoff.died(start + i * 100s, 1s));
  const std::vector<runtime::Duration> expected{0ms,    250ms,  500ms,   1000ms,  2000ms,
                                                4000ms, 8000ms, 16000ms, 30000ms, 30000ms};
  EXPECT_EQ(delays, expected);
}

TEST(Backoff, BeginsAnewAfterALongLife) {
  Backoff backoff;
  backoff.died(start, 1s);
  backoff.died(start + 1s, 1s);
  EXPECT_EQ(backoff.died(start + 61s, 59'999ms), 500ms);
  EXPECT_EQ(backoff.died(start + 200s, 60s), 0ms);
}

TEST(Backoff, FiveDeathsWithinHalfAMinuteAreACrashLoop) {
  Backoff backoff;
  for (int i = 0; i < 4; ++i) backoff.died(start + i * 1s, 0s);
  EXPECT_FALSE(backoff.crash_loop());
  backoff.died(start + 30s, 0s);
  EXPECT_TRUE(backoff.crash_loop());
  backoff.died(start + 100s, 60s);
  EXPECT_FALSE(backoff.crash_loop());
}

TEST(Backoff, DeathsFarApartAreNoCrashLoop) {
  Backoff backoff;
  for (int i = 0; i < 20; ++i) backoff.died(start + i * 8s, 1s);
  EXPECT_FALSE(backoff.crash_loop());
}

}  // namespace
}  // namespace bulkhead::supervisor
