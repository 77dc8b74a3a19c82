// The word: state (2 bits), failures (10), trips (8), time (44).
#include "ipc/page/circuit.h"

#include <algorithm>
#include <optional>

namespace bulkhead::ipc {
namespace {

constexpr std::uint32_t max_failures = 0x3FF;
constexpr std::uint32_t max_trips = 0xFF;
constexpr std::uint64_t time_mask = (std::uint64_t{1} << 44) - 1;

// What an active check found since puts aside what connections found before.
Circuit current(std::uint64_t word, std::uint64_t healthy_at_ms) {
  const Circuit circuit = decode_circuit(word);
  const bool outdated = circuit.state != Circuit::State::closed && healthy_at_ms > circuit.since_ms;
  return outdated ? Circuit{} : circuit;
}

Admission admission_of(const Circuit& circuit, const CircuitTerms& terms, std::uint64_t now_ms) {
  switch (circuit.state) {
    case Circuit::State::closed:
      return Admission::yes;
    case Circuit::State::open:
      return now_ms >= circuit.since_ms + rest_ms(circuit, terms) ? Admission::trial
                                                                  : Admission::no;
    case Circuit::State::half_open:
      return now_ms >= circuit.since_ms + terms.trial_ms ? Admission::trial : Admission::no;
  }
  return Admission::yes;
}

Circuit after_failure(Circuit circuit, const CircuitTerms& terms, std::uint64_t now_ms) {
  switch (circuit.state) {
    case Circuit::State::closed:
      circuit.failures = std::min(circuit.failures + 1, max_failures);
      if (circuit.failures >= terms.failures) circuit = {Circuit::State::open, 0, 0, now_ms};
      return circuit;
    case Circuit::State::half_open:
      return {Circuit::State::open, 0, std::min(circuit.trips + 1, max_trips), now_ms};
    case Circuit::State::open:
      break;  // one that was begun before
  }
  return circuit;
}

// Replaces the word by what change makes of it; returns what it was before and is now.
template <typename Change>
std::pair<Circuit, Circuit> update(CircuitWord& circuit, std::uint64_t healthy_at_ms,
                                   Change change) {
  std::uint64_t before = circuit.word.load();
  while (true) {
    const Circuit old = current(before, healthy_at_ms);
    const Circuit next = change(old);
    if (circuit.word.compare_exchange_weak(before, encode_circuit(next))) return {old, next};
  }
}

}  // namespace

Circuit decode_circuit(std::uint64_t word) {
  Circuit circuit;
  const auto state = static_cast<std::uint8_t>(word >> 62);
  if (state > static_cast<std::uint8_t>(Circuit::State::half_open)) return circuit;
  circuit.state = static_cast<Circuit::State>(state);
  circuit.failures = static_cast<std::uint32_t>(word >> 52) & max_failures;
  circuit.trips = static_cast<std::uint32_t>(word >> 44) & max_trips;
  circuit.since_ms = word & time_mask;
  return circuit;
}

std::uint64_t encode_circuit(const Circuit& circuit) {
  return std::uint64_t{static_cast<std::uint8_t>(circuit.state)} << 62 |
         std::uint64_t{circuit.failures & max_failures} << 52 |
         std::uint64_t{circuit.trips & max_trips} << 44 | (circuit.since_ms & time_mask);
}

std::uint64_t rest_ms(const Circuit& circuit, const CircuitTerms& terms) {
  constexpr std::uint32_t max_doublings = 20;
  const std::uint64_t rest = terms.rest_ms << std::min(circuit.trips, max_doublings);
  return std::min(rest, std::max(terms.rest_ms, terms.longest_rest_ms));
}

Admission admission(const CircuitWord& circuit, const CircuitTerms& terms, std::uint64_t now_ms,
                    std::uint64_t healthy_at_ms) {
  const std::uint64_t word = circuit.word.load(std::memory_order_relaxed);
  if (word == 0 || !terms.enabled) return Admission::yes;
  return admission_of(current(word, healthy_at_ms), terms, now_ms);
}

bool begin_trial(CircuitWord& circuit, const CircuitTerms& terms, std::uint64_t now_ms,
                 std::uint64_t healthy_at_ms) {
  bool begun = false;
  update(circuit, healthy_at_ms, [&](Circuit now) {
    begun = admission_of(now, terms, now_ms) == Admission::trial;
    if (begun) now = {Circuit::State::half_open, 0, now.trips, now_ms};
    return now;
  });
  return begun;
}

void abandon_trial(CircuitWord& circuit, const CircuitTerms& terms, std::uint64_t now_ms) {
  update(circuit, 0, [&](Circuit now) {
    if (now.state != Circuit::State::half_open) return now;
    const std::uint64_t rested = std::min(now_ms, rest_ms(now, terms));
    return Circuit{Circuit::State::open, 0, now.trips, now_ms - rested};
  });
}

bool note_success(CircuitWord& circuit) {
  if (circuit.word.load(std::memory_order_relaxed) == 0) return false;
  const auto [before, after] = update(circuit, 0, [](const Circuit&) { return Circuit{}; });
  return before.state != after.state;
}

bool note_failure(CircuitWord& circuit, const CircuitTerms& terms, std::uint64_t now_ms,
                  std::uint64_t healthy_at_ms) {
  if (!terms.enabled) return false;
  const auto [before, after] = update(circuit, healthy_at_ms, [&](const Circuit& now) {
    return after_failure(now, terms, now_ms);
  });
  return after.state == Circuit::State::open && before.state != Circuit::State::open;
}

}  // namespace bulkhead::ipc
