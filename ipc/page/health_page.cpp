#include "ipc/page/health_page.h"

#include <algorithm>
#include <cstring>

namespace bulkhead::ipc {
namespace {

constexpr auto plain = std::memory_order_relaxed;
constexpr int max_readings = 100;

// The numbers of a record, in order, both ways.
std::array<std::uint64_t, HealthRecord::numbers> numbers_of(const Health& health) {
  const auto pair = [](std::uint32_t high, std::uint32_t low) {
    return std::uint64_t{high} << 32 | low;
  };
  return {health.identity,
          pair(static_cast<std::uint32_t>(health.source),
               static_cast<std::uint32_t>(std::min(health.problem.size(), max_problem))),
          health.since_ms,
          health.since_steady_ms,
          health.checked_ms,
          health.latency_us,
          pair(health.failures, health.successes),
          health.checks,
          health.failed,
          health.up_ms,
          health.down_ms,
          static_cast<std::uint64_t>(health.state)};
}

template <typename Enum>
Enum to_enum(std::uint64_t number) {
  return number < static_cast<std::uint64_t>(Enum::end_) ? static_cast<Enum>(number) : Enum{};
}

Health health_of(const std::array<std::uint64_t, HealthRecord::numbers>& number,
                 const std::array<std::uint64_t, HealthRecord::text_words>& text) {
  Health health;
  health.identity = number[0];
  health.source = to_enum<HealthSource>(number[1] >> 32);
  health.since_ms = number[2];
  health.since_steady_ms = number[3];
  health.checked_ms = number[4];
  health.latency_us = static_cast<std::uint32_t>(number[5]);
  health.failures = static_cast<std::uint32_t>(number[6] >> 32);
  health.successes = static_cast<std::uint32_t>(number[6]);
  health.checks = number[7];
  health.failed = std::min(number[8], health.checks);
  health.up_ms = number[9];
  health.down_ms = number[10];
  health.state = to_enum<HealthState>(number[11]);
  const auto size = std::min<std::size_t>(static_cast<std::uint32_t>(number[1]), max_problem);
  health.problem.assign(reinterpret_cast<const char*>(text.data()), size);
  return health;
}

}  // namespace

std::string_view to_string(HealthState state) {
  switch (state) {
    case HealthState::healthy:
      return "healthy";
    case HealthState::unhealthy:
      return "unhealthy";
    case HealthState::unknown:
    case HealthState::end_:
      break;
  }
  return "unknown";
}

std::string_view to_string(HealthSource source) {
  switch (source) {
    case HealthSource::check:
      return "check";
    case HealthSource::traffic:
      return "traffic";
    case HealthSource::nothing:
    case HealthSource::end_:
      break;
  }
  return "";
}

double uptime_percent(const Health& health, std::uint64_t now_steady_ms) {
  const auto lasted = static_cast<double>(
      now_steady_ms > health.since_steady_ms ? now_steady_ms - health.since_steady_ms : 0);
  auto up = static_cast<double>(health.up_ms), down = static_cast<double>(health.down_ms);
  if (health.state == HealthState::healthy) up += lasted;
  if (health.state == HealthState::unhealthy) down += lasted;
  if (up + down > 0) return 100 * up / (up + down);
  if (health.state == HealthState::unknown) return -1;
  return health.state == HealthState::healthy ? 100 : 0;
}

void write_health(HealthRecord& record, const Health& health) {
  const std::uint64_t version = record.version.load(plain) | 1;
  record.version.store(version, plain);
  std::atomic_thread_fence(std::memory_order_release);
  record.state.store(static_cast<std::uint64_t>(health.state), plain);
  record.healthy_at_ms.store(health.healthy_at_ms, plain);
  const auto numbers = numbers_of(health);
  for (std::size_t i = 0; i < numbers.size(); ++i) record.number[i].store(numbers[i], plain);
  std::array<std::uint64_t, HealthRecord::text_words> text{};
  std::memcpy(text.data(), health.problem.data(), std::min(health.problem.size(), max_problem));
  for (std::size_t i = 0; i < text.size(); ++i) record.text[i].store(text[i], plain);
  record.version.store(version + 1, std::memory_order_release);
}

Health read_health(const HealthRecord& record) {
  std::array<std::uint64_t, HealthRecord::numbers> number{};
  std::array<std::uint64_t, HealthRecord::text_words> text{};
  std::uint64_t healthy_at_ms = 0;
  for (int reading = 0; reading < max_readings; ++reading) {
    const std::uint64_t version = record.version.load(std::memory_order_acquire);
    healthy_at_ms = record.healthy_at_ms.load(plain);
    for (std::size_t i = 0; i < number.size(); ++i) number[i] = record.number[i].load(plain);
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = record.text[i].load(plain);
    std::atomic_thread_fence(std::memory_order_acquire);
    if (version % 2 == 0 && record.version.load(plain) == version) break;
  }
  Health health = health_of(number, text);
  health.healthy_at_ms = healthy_at_ms;
  return health;
}

}  // namespace bulkhead::ipc
