#include "workers/egress/health/jitter.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <vector>

namespace bulkhead::egress_worker {
namespace {

using namespace std::chrono_literals;

std::vector<std::int64_t> pauses(std::uint32_t percent) {
  std::minstd_rand chance(7);
  std::vector<std::int64_t> found;
  for (int i = 0; i < 1'000; ++i) found.push_back(with_jitter(10s, percent, chance).count());
  std::sort(found.begin(), found.end());
  return found;
}

TEST(Jitter, StaysWithinItsPercentAndUsesThem) {
  const auto found = pauses(10);
  EXPECT_GE(found.front(), 9'000);
  EXPECT_LE(found.back(), 11'000);
  EXPECT_LT(found.front(), 9'050);
  EXPECT_GT(found.back(), 10'950);
  EXPECT_NEAR(static_cast<double>(found[found.size() / 2]), 10'000, 100) << "no drift";
}

TEST(Jitter, NoneIsNone) {
  const auto found = pauses(0);
  EXPECT_EQ(found.front(), 10'000);
  EXPECT_EQ(found.back(), 10'000);
}

TEST(Jitter, AllOfItLeavesNoNegativePause) {
  EXPECT_GE(pauses(100).front(), 0);
}

}  // namespace
}  // namespace bulkhead::egress_worker
