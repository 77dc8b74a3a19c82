#include "ipc/page/histogram.h"

#include <gtest/gtest.h>
#include <memory>

namespace bulkhead::ipc {
namespace {

using std::chrono::microseconds;

TEST(Histogram, EveryTimeHasABucketThatIsNarrow) {
  std::size_t last = 0;
  for (std::uint64_t time = 0; time < (std::uint64_t{1} << histogram_bits);
       time += 1 + time / 1000) {
    const std::size_t bucket = histogram_bucket_of(time);
    ASSERT_LT(bucket, histogram_buckets);
    ASSERT_GE(bucket, last);
    last = bucket;
    const auto told = static_cast<double>(histogram_value_of(bucket));
    ASSERT_NEAR(told, static_cast<double>(time), static_cast<double>(time) / 32 + 0.5) << time;
  }
  EXPECT_EQ(last, histogram_buckets - 1);
}

TEST(Histogram, WhatIsTooLongCountsAsTheLongest) {
  EXPECT_EQ(histogram_bucket_of(UINT64_MAX), histogram_buckets - 1);
  auto histogram = std::make_unique<Histogram>();
  histogram->record(microseconds::max());
  histogram->record(microseconds(-5));
  EXPECT_EQ(histogram->buckets.back().get(), 1U);
  EXPECT_EQ(histogram->buckets.front().get(), 1U);
}

TEST(Histogram, QuantilesOfSeveral) {
  const auto first = std::make_unique<Histogram>(), second = std::make_unique<Histogram>();
  for (int i = 1; i <= 1000; ++i) (i % 2 != 0 ? first : second)->record(microseconds(i * 100));
  HistogramSum sum;
  sum.add(*first);
  sum.add(*second);
  EXPECT_EQ(sum.count, 1000U);
  EXPECT_EQ(sum.sum, 1000U * 1001 / 2 * 100);
  EXPECT_NEAR(static_cast<double>(sum.at(0.5)), 50'000, 1'600);
  EXPECT_NEAR(static_cast<double>(sum.at(0.95)), 95'000, 3'000);
  EXPECT_NEAR(static_cast<double>(sum.at(0.99)), 99'000, 3'100);
  EXPECT_NEAR(static_cast<double>(sum.at(1)), 100'000, 3'200);
}

TEST(Histogram, EmptyIsZero) {
  EXPECT_EQ(HistogramSum().at(0.99), 0U);
}

}  // namespace
}  // namespace bulkhead::ipc
