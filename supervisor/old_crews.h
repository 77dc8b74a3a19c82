// Workers of the programs that ran in this process before: they go on with what they carry and are
// let go when the workers of this program serve. A crew is the workers of one program.
//
// Their vault ends first, as if it had died: it gives ours what acceptors left with it that died
// since this program began, ours takes its place, the old acceptors say to it what they hold, then
// they let go of their raw flows, which our acceptors inherit as from a dead one (estates.h). What
// is left drains. The others of a crew end when no acceptor of it is left.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "runtime/gate.h"
#include "runtime/task.h"
#include "supervisor/shared_pages.h"
#include "supervisor/worker_process.h"
#include "supervisor/workforce.h"

namespace bulkhead::supervisor {

class OldCrews {
 public:
  struct Member {
    std::uint32_t crew = 0;
    std::shared_ptr<WorkerProcess> process;
  };

  // Both outlive this. Ours is the workforce that serves instead.
  OldCrews(Workforce& ours, SharedPages& pages) : ours_(ours), pages_(pages) {}
  OldCrews(const OldCrews&) = delete;
  OldCrews& operator=(const OldCrews&) = delete;

  // Takes a process in and watches it; it goes on as it did. One that serves nothing yet is ended.
  void inherit(const WorkerState& state);

  // All drain; who already did has what is left of the time. A second call does nothing.
  void relieve(runtime::Duration drain_timeout);
  // Since when it is on its way out: as long as it drains itself, or those that it waits for.
  std::optional<runtime::Deadline> leaving_since(const Member& member) const;

  const std::vector<Member>& members() const { return members_; }
  std::vector<std::shared_ptr<WorkerProcess>> acceptors() const;
  // Those of them whose flows our vault holds.
  std::vector<std::shared_ptr<WorkerProcess>> elders() const;
  void leave(DaemonState& state) const;

  // The daemon's end: who is left at the deadline, or after force(), is killed. Returns when nobody
  // is.
  runtime::Task<void> shut_down(runtime::Deadline deadline);
  void force();

 private:
  runtime::Task<void> watch(std::shared_ptr<WorkerProcess> process);
  runtime::Task<void> see_all_off(runtime::Duration drain_timeout);
  runtime::Task<void> end_vaults();
  runtime::Task<void> save_estates(std::shared_ptr<WorkerProcess> vault);
  runtime::Task<void> await_estates();
  runtime::Task<void> see_off(std::uint32_t crew, runtime::Duration drain_timeout);
  // Drains those of the crew that are acceptors, or those that are not.
  runtime::Task<void> drain(std::uint32_t crew, bool acceptors, runtime::Duration timeout);
  std::vector<std::shared_ptr<WorkerProcess>> of(std::uint32_t crew, bool acceptors) const;
  void kill_all(const std::string& why);

  Workforce& ours_;
  SharedPages& pages_;
  std::vector<Member> members_;
  std::optional<runtime::Deadline> relieved_;
  bool vaults_ended_ = false;
  runtime::Event changed_;  // one ended
  runtime::CancelScope scope_;
  runtime::Gate tasks_;
};

}  // namespace bulkhead::supervisor
