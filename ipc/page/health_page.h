// What is known of each backend's health: written by the egress, which probes, and read by all.
//
// Made by the supervisor, so it outlives the egress: the successor goes on with what was known. A
// record is a handful of atomic words under a counter that is odd while they are being written; a
// reader that meets its writer (or one that died writing) reads again, a few times. State alone
// stands in a word of its own. Nothing read here is believed beyond its bounds.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

#include "ipc/page/backend_page.h"

namespace bulkhead::ipc {

enum class HealthState : std::uint8_t { unknown, healthy, unhealthy, end_ };
std::string_view to_string(HealthState state);

// What the state was concluded from.
enum class HealthSource : std::uint8_t { nothing, check, traffic, end_ };
std::string_view to_string(HealthSource source);

inline constexpr std::size_t max_problem = 120;  // octets

struct Health {
  std::uint64_t identity = 0;  // a hash of what is meant; 0: nothing is known
  HealthState state = HealthState::unknown;
  HealthSource source = HealthSource::nothing;
  std::uint64_t since_ms = 0;         // Unix time of the last change of state
  std::uint64_t since_steady_ms = 0;  // the same by the steady clock
  std::uint64_t checked_ms = 0;       // Unix time of the last check; 0: never
  std::uint64_t healthy_at_ms = 0;    // steady clock: when a check last made it healthy; 0: never
  std::uint32_t latency_us = 0;       // of the last successful check; 0: none
  std::uint32_t failures = 0;         // in a row, as of the last check
  std::uint32_t successes = 0;        // the same
  std::uint64_t checks = 0, failed = 0;
  std::uint64_t up_ms = 0, down_ms = 0;  // in states before this one
  // Why it is unhealthy, or why the last check failed or could not be made; empty: neither.
  std::string problem;
  friend bool operator==(const Health&, const Health&) = default;
};

// Of the time that the state was known: 0 to 100; negative when it never was.
double uptime_percent(const Health& health, std::uint64_t now_steady_ms);

struct HealthRecord {
  static constexpr std::size_t numbers = 12;
  static constexpr std::size_t text_words = max_problem / 8;
  std::atomic<std::uint64_t> version;
  std::atomic<std::uint64_t> state;  // HealthState; of the record's newest version
  std::atomic<std::uint64_t> healthy_at_ms;
  std::array<std::atomic<std::uint64_t>, numbers> number;
  std::array<std::atomic<std::uint64_t>, text_words> text;
};

struct HealthPage {
  std::array<HealthRecord, max_backend_slots> records;
};

// One writer at a time; a record that a dead writer left half-written is made whole.
void write_health(HealthRecord& record, const Health& health);
Health read_health(const HealthRecord& record);

inline HealthState state_of(const HealthRecord& record) {
  const std::uint64_t state = record.state.load(std::memory_order_relaxed);
  return state < static_cast<std::uint64_t>(HealthState::end_) ? static_cast<HealthState>(state)
                                                               : HealthState::unknown;
}

}  // namespace bulkhead::ipc
