// A moving average of how long connecting takes, in one shared word: microseconds, and when the
// last sample came (steady-clock milliseconds, their lower half). Zero: nothing was measured yet.
//
// A sample counts for an eighth, or more the longer ago the one before was: after a quiet time the
// average is mostly the new sample.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>

namespace bulkhead::ipc {

struct LatencyWord {
  std::atomic<std::uint64_t> word;
};

inline constexpr double least_weight_of_sample = 0.125;
inline constexpr double latency_memory_ms = 10'000;

inline std::uint32_t latency_us(std::uint64_t word) {
  return static_cast<std::uint32_t>(word >> 32);
}
inline std::uint32_t latency_us(const LatencyWord& latency) {
  return latency_us(latency.word.load(std::memory_order_relaxed));
}

inline std::uint64_t with_sample(std::uint64_t word, std::uint32_t sample_us,
                                 std::uint64_t now_ms) {
  const auto time = static_cast<std::uint32_t>(now_ms);
  double average = std::max(1U, sample_us);
  if (word != 0) {
    const std::uint32_t since = time - static_cast<std::uint32_t>(word);
    const double weight = std::max(least_weight_of_sample,
                                   1 - std::exp(-static_cast<double>(since) / latency_memory_ms));
    average = latency_us(word) + weight * (average - latency_us(word));
  }
  const auto rounded =
      static_cast<std::uint64_t>(std::clamp(average, 1.0, static_cast<double>(UINT32_MAX)));
  return rounded << 32 | time;
}

inline void add_sample(LatencyWord& latency, std::uint32_t sample_us, std::uint64_t now_ms) {
  std::uint64_t before = latency.word.load(std::memory_order_relaxed);
  while (!latency.word.compare_exchange_weak(before, with_sample(before, sample_us, now_ms),
                                             std::memory_order_relaxed)) {
  }
}

}  // namespace bulkhead::ipc
