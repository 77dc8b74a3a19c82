// One place in the workforce, "acceptor 0": the process that fills it now, and what became of its
// predecessors.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "runtime/event.h"
#include "supervisor/backoff.h"
#include "supervisor/worker_process.h"

namespace bulkhead::supervisor {

struct Worker {
  proto::Party role = proto::Party::acceptor;
  std::uint32_t index = 0;
  std::shared_ptr<WorkerProcess> process;  // null while it waits for its restart
  Backoff backoff;
  std::uint64_t restarts = 0;
  std::string last_exit;  // of the process before this one; empty: there was none
  bool newcomer = true;   // has served no generation yet: its death is the failure of a roll-out,
                          // not a reason to restart
  bool retired = false;   // is not restarted any more
  runtime::Event hurry;   // ends the wait for a restart

  std::string name() const { return std::string(to_string(role)) + '.' + std::to_string(index); }
  // starting, running, draining, waiting, crash-loop
  std::string_view state() const;
  // Takes its process' end down; returns how long to wait before the next one.
  runtime::Duration note_end(const std::string& reason, runtime::Duration lifetime);
};

}  // namespace bulkhead::supervisor
