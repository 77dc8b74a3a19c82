// What a supervisor leaves to the program that replaces it in the same process: everything that it
// holds for others. Numbers of descriptors are those of the process, which keeps them over the
// exec. Travels as a sealed memfd whose own number is in the environment.
//
// The layout has a version of its own: a program that does not know it says so in its self-check,
// before anything has happened. It is raised with every change of a structure here or of one that
// is named here; state_layout_test.cpp fails when that was forgotten.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "platform/unique_fd.h"
#include "proto/crash.h"
#include "proto/vault.h"
#include "proto/worker.h"

namespace bulkhead::supervisor {

inline constexpr std::uint16_t state_version = 3;
inline constexpr const char* state_variable = "BULKHEAD_STATE_FD";

// An acceptor as a holder of flows (supervisor/tenure.h); holder 0: it is none.
struct TenureState {
  std::uint32_t holder = 0;
  std::int32_t vault_end = -1, flows = -1, copies = -1;
  static auto fields(auto& self) {
    return std::tie(self.holder, self.vault_end, self.flows, self.copies);
  }
};

// Times are nanoseconds of the steady clock, which goes on over an exec.
struct WorkerState {
  std::uint32_t crew = 0;
  std::uint32_t index = 0;
  std::int32_t pid = -1;
  std::int32_t pidfd = -1, control = -1;
  std::int32_t output = -1;                     // what its standard error is read from
  std::int32_t egress_end = -1, auth_end = -1;  // acceptors only
  std::int32_t recorder = -1;                   // -1: it has none
  std::uint64_t started_ns = 0;
  std::uint64_t draining_ns = 0;  // since when; 0: it serves
  std::uint32_t column = 0;       // of the shared pages
  std::uint32_t generation = 0;   // committed
  TenureState tenure;
  bool relinquished = false;
  proto::Hello hello;  // with the role
  static auto fields(auto& self) {
    return std::tie(self.crew, self.index, self.pid, self.pidfd, self.control, self.output,
                    self.egress_end, self.auth_end, self.recorder, self.started_ns,
                    self.draining_ns, self.column, self.generation, self.tenure, self.relinquished,
                    self.hello);
  }
};

struct ListenerState {
  std::int32_t socket = -1;
  std::uint32_t acceptor = 0;
  bool dual_stack = false;
  proto::Listener listener;
  static auto fields(auto& self) {
    return std::tie(self.socket, self.acceptor, self.dual_stack, self.listener);
  }
};

// The memory that all workers share (supervisor/shared_pages.h). A program that lays it out in
// another way makes its own: then what was counted begins anew.
struct PagesState {
  std::uint32_t layout = 0;
  std::int32_t backends = -1, health = -1, limits = -1, bans = -1;
  proto::List<std::int32_t, 512> counters;  // by column
  proto::List<bool, 512> columns;           // which are taken
  proto::List<proto::Text<64>, 1024> slots;
  static auto fields(auto& self) {
    return std::tie(self.layout, self.backends, self.health, self.limits, self.bans, self.counters,
                    self.columns, self.slots);
  }
};

struct DaemonState {
  proto::Text<32> version;         // of the program that leaves it
  std::int32_t program = -1;       // that program, open: the way back to it
  proto::Text<4096> program_path;  // what it was called
  // Why the program that got this state could not go on and gives it back; empty on the way there.
  proto::Text<1000> problem;
  std::uint32_t crew = 0;  // of its workers that are not draining
  std::uint64_t started_ns = 0;
  std::uint32_t generation = 0;                                           // in force
  std::uint32_t last_generation = 0, last_listener = 0, last_holder = 0;  // numbers given away
  std::uint64_t reloads = 0, failed_reloads = 0;
  std::uint64_t crashes_counted = 0;
  std::int32_t lock = -1;                // the instance lock
  std::int32_t notifier = -1;            // the service manager's socket; -1: there is none
  std::int32_t control = -1;             // the control socket, listening; -1: there is none
  proto::List<std::int32_t, 64> askers;  // conversations that wait for how the upgrade ends
  PagesState pages;
  proto::List<ListenerState, 16'384> listeners;
  proto::List<WorkerState, 4096> workers;
  proto::List<proto::CrashRow, 64> crashes;
  proto::Inherited estates;  // that were settled; and how many were not
  std::uint32_t given_up = 0;
  static auto fields(auto& self) {
    return std::tie(self.version, self.program, self.program_path, self.problem, self.crew,
                    self.started_ns, self.generation, self.last_generation, self.last_listener,
                    self.last_holder, self.reloads, self.failed_reloads, self.crashes_counted,
                    self.lock, self.notifier, self.control, self.askers, self.pages, self.listeners,
                    self.workers, self.crashes, self.estates, self.given_up);
  }
};

std::string encode_state(const DaemonState& state);
// The error says what cannot be read, for a person. What is returned has passed check_state().
tl::expected<DaemonState, std::string> decode_state(std::string_view bytes);

// What in it cannot be, in a few words; empty when it can.
std::string check_state(const DaemonState& state);

// All descriptors that are named in it.
std::vector<int> descriptors_of(const DaemonState& state);

// Executes the program that left the state, which it gets back. Returns only when that failed: why.
std::string give_back(DaemonState state, const std::string& problem,
                      const std::vector<std::string>& arguments);

tl::expected<platform::UniqueFd, std::string> seal_state(const DaemonState& state);
// From the descriptor that the environment names, which is taken out of it; nothing when there is
// none. The memory is closed, and what the state names is closed at the next exec.
using Inheritance = std::optional<tl::expected<DaemonState, std::string>>;
Inheritance take_state();

}  // namespace bulkhead::supervisor
