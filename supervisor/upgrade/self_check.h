// Whether a program could take this one's place. The running daemon asks the new program, which
// tries: it reads the configuration and the state it would be left, and starts each of its workers
// in its sandbox with that configuration. Nothing that serves is touched.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.h"
#include "runtime/loop.h"
#include "runtime/task.h"
#include "supervisor/directories.h"
#include "supervisor/upgrade/state.h"

namespace bulkhead::supervisor {

// All of it, workers included.
inline constexpr runtime::Duration self_check_timeout{30'000};

// What the asked program prints at its end: an exit code alone would let any program pass.
inline constexpr std::string_view self_check_passed = ": self-check passed\n";

struct SelfCheck {
  bool passed = false;
  std::string problem;  // why not, one line
  std::string output;   // what the program printed; bounded
};

// Runs `program` --self-check with the daemon's own arguments (argv without argv[0]) and the state
// it would be left. What takes longer than the timeout is killed, and so it is when the task is
// cancelled.
runtime::Task<SelfCheck> ask_self_check(std::string program, std::vector<std::string> arguments,
                                        DaemonState state,
                                        runtime::Duration timeout = self_check_timeout);

// What --self-check does. Needs no loop. Prints the outcome; returns the exit code: 0 passed, 1
// not, 78 for an invalid configuration.
int run_self_check(const config::LoadOptions& load_options, const Directories& directories,
                   const std::optional<tl::expected<DaemonState, std::string>>& state);

}  // namespace bulkhead::supervisor
