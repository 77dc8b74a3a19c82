// A backend's circuit breaker, in one shared word that every acceptor reads before it connects.
//
// Closed: connections are made; so many failures in a row open it. Open: none is made, until it has
// rested. Then half open: one connection is let through as a trial; if it succeeds the circuit is
// closed, if it fails it rests twice as long as before. A trial whose acceptor died is given up
// after a while. A success of whatever connection closes it, and so does an active check that found
// the backend healthy after it was opened.
#pragma once

#include <atomic>
#include <cstdint>

namespace bulkhead::ipc {

struct CircuitWord {
  std::atomic<std::uint64_t> word;  // zero: closed, no failure
};

struct CircuitTerms {
  bool enabled = true;
  std::uint32_t failures = 5;  // in a row, until it opens
  std::uint64_t rest_ms = 10'000;
  std::uint64_t longest_rest_ms = 300'000;
  std::uint64_t trial_ms = 30'000;  // how long a trial may take
};

struct Circuit {
  enum class State : std::uint8_t { closed, open, half_open };
  State state = State::closed;
  std::uint32_t failures = 0;  // in a row, while closed
  std::uint32_t trips = 0;     // failed trials in a row: the rest doubles with each
  std::uint64_t since_ms = 0;  // steady clock: when it was opened, or its trial began
  friend bool operator==(const Circuit&, const Circuit&) = default;
};

Circuit decode_circuit(std::uint64_t word);  // of any word: what makes no sense is closed
std::uint64_t encode_circuit(const Circuit& circuit);

// How long it rests before the next trial.
std::uint64_t rest_ms(const Circuit& circuit, const CircuitTerms& terms);

enum class Admission : std::uint8_t { yes, trial, no };

// Whether a connection may be made now. healthy_at_ms: when an active check last found it healthy
// again; 0: never. A trial has to be begun with begin_trial().
Admission admission(const CircuitWord& circuit, const CircuitTerms& terms, std::uint64_t now_ms,
                    std::uint64_t healthy_at_ms);
// False when another acceptor was first.
bool begin_trial(CircuitWord& circuit, const CircuitTerms& terms, std::uint64_t now_ms,
                 std::uint64_t healthy_at_ms);
// A trial that tells nothing (called off): the next may begin at once.
void abandon_trial(CircuitWord& circuit, const CircuitTerms& terms, std::uint64_t now_ms);

// What came of a connection. True when that closed (opened) the circuit.
bool note_success(CircuitWord& circuit);
bool note_failure(CircuitWord& circuit, const CircuitTerms& terms, std::uint64_t now_ms,
                  std::uint64_t healthy_at_ms);

}  // namespace bulkhead::ipc
