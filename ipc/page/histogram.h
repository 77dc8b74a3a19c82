// How long things took, in a shared page: counts by duration, in buckets that are narrow for short
// times and wide for long ones (16 for each doubling), so that any quantile is known to 1/32 of its
// value from 1 µs to 38 hours.
#pragma once

#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "ipc/page/counter.h"

namespace bulkhead::ipc {

inline constexpr unsigned histogram_bits = 37;  // longest time: 2^37 µs
inline constexpr unsigned histogram_steps = 16;
inline constexpr unsigned histogram_step_bits = 4;
inline constexpr std::size_t histogram_buckets =
    std::size_t{histogram_bits - histogram_step_bits + 1} * histogram_steps;

// Up to 16 µs a bucket is a microsecond; from there on the four bits below the highest one choose.
constexpr std::size_t histogram_bucket_of(std::uint64_t microseconds) {
  if (microseconds < histogram_steps) return microseconds;
  const auto highest = static_cast<unsigned>(std::bit_width(microseconds)) - 1;
  if (highest >= histogram_bits) return histogram_buckets - 1;
  const unsigned shift = highest - histogram_step_bits;
  const std::size_t octave = shift + std::size_t{1};
  return octave * histogram_steps + ((microseconds >> shift) - histogram_steps);
}

// The middle of a bucket, in microseconds.
constexpr std::uint64_t histogram_value_of(std::size_t bucket) {
  if (bucket < histogram_steps) return bucket;
  const std::size_t shift = bucket / histogram_steps - 1;
  const std::uint64_t low = (bucket % histogram_steps + histogram_steps) << shift;
  return low + ((std::uint64_t{1} << shift) >> 1);
}

// All zero: empty. Written by one process.
struct Histogram {
  std::array<Counter, histogram_buckets> buckets;
  Counter count, sum;  // of microseconds

  void record(std::chrono::microseconds duration) {
    const auto time = static_cast<std::uint64_t>(duration.count() < 0 ? 0 : duration.count());
    buckets[histogram_bucket_of(time)].add(1);
    sum.add(time);
    count.add(1);
  }
};

// The contents of one or several histograms, in the reader's own memory.
struct HistogramSum {
  std::array<std::uint64_t, histogram_buckets> buckets{};
  std::uint64_t count = 0, sum = 0;

  void add(const Histogram& part) {
    if (part.count.get() == 0) return;  // and its memory stays untouched
    for (std::size_t i = 0; i < histogram_buckets; ++i) buckets[i] += part.buckets[i].get();
    count += part.count.get();
    sum += part.sum.get();
  }

  // In microseconds; 0 if nothing was recorded. quantile 0.5 is the median.
  std::uint64_t at(double quantile) const {
    std::uint64_t total = 0, seen = 0;
    for (const std::uint64_t bucket : buckets) total += bucket;
    const double wanted = quantile * static_cast<double>(total);
    for (std::size_t i = 0; i < histogram_buckets; ++i) {
      seen += buckets[i];
      if (seen != 0 && static_cast<double>(seen) >= wanted) return histogram_value_of(i);
    }
    return 0;
  }
};

}  // namespace bulkhead::ipc
