// The workers that died unexpectedly, each with the last entries of its flight recorder: a few of
// them go to the log at once, all are kept for `proxyctl crashes`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "proto/crash.h"
#include "supervisor/upgrade/state.h"
#include "supervisor/worker_process.h"

namespace bulkhead::supervisor {

class Crashes {
 public:
  static constexpr std::size_t kept = 32;
  static constexpr std::size_t logged_events = 8;

  // A process that has ended and was reaped. The log gets the worker's last events.
  void note(const WorkerProcess& process);

  // For and from the program that runs in this process after and before this one.
  void leave(DaemonState& state) const;
  void inherit(const DaemonState& state);

  const std::deque<proto::CrashRow>& all() const { return rows_; }  // oldest first

 private:
  std::deque<proto::CrashRow> rows_;
  std::uint64_t count_ = 0;
};

}  // namespace bulkhead::supervisor
