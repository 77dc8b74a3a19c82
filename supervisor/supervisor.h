// The supervisor's life: start everything, obey signals and commands, drain, end. Owns every other
// part.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/load.h"
#include "platform/file_watch.h"
#include "platform/service.h"
#include "platform/signals.h"
#include "runtime/gate.h"
#include "runtime/loop.h"
#include "runtime/task.h"
#include "supervisor/directories.h"
#include "supervisor/old_crews.h"
#include "supervisor/orphans.h"
#include "supervisor/reload.h"
#include "supervisor/shared_pages.h"
#include "supervisor/upgrade/state.h"
#include "supervisor/workforce.h"

namespace bulkhead::supervisor {

class ControlServer;

struct UpgradeFailure {
  std::string problem;  // one line
  std::string output;   // what the new program printed, if it got so far
};

class Supervisor {
 public:
  struct Start {
    Directories directories;
    config::LoadOptions load_options;
    config::LoadResult loaded;         // with a config
    std::vector<std::string> notices;  // for status, beside the loader's warnings
    bool root = false;
    // How this program was called, for the one that takes its place: its path, argv without
    // argv[0].
    std::string program;
    std::vector<std::string> arguments;
    int lock = -1;                         // the instance lock's descriptor
    std::optional<DaemonState> inherited;  // from the program that ran in this process before
  };

  // Needs the signals blocked and the loop made. The notifier is the service manager's.
  Supervisor(Start start, platform::SignalSet signals, platform::ServiceNotifier notifier);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Until the end; the exit code.
  int run();

  Workforce& workforce() { return workforce_; }
  Reload& reload() { return reload_; }
  SharedPages& pages() { return pages_; }
  const Start& start() const { return start_; }
  runtime::Deadline started() const { return started_; }
  bool stopping() const { return stopping_; }
  config::SandboxMode sandbox() const { return sandbox_; }

  // Reloads, and tells the service manager so.
  runtime::Task<Outcome> reload_and_tell(std::string asked_by);

  // Replaces this program by the one at that path (empty: by its own file as it is now), which goes
  // on in this process. asker: the conversation that is to be told how it went, or -1. Returns only
  // when it failed.
  runtime::Task<UpgradeFailure> upgrade(std::string program, int asker);
  const OldCrews& old_crews() const { return old_crews_; }
  std::uint32_t crew() const { return crew_; }  // counted by upgrades
  // Acceptors that carry connections, those of programs before included.
  std::vector<std::shared_ptr<WorkerProcess>> all_acceptors() const;

  // Begins to drain and end; a second time ends at once.
  void stop(std::string_view why);

 private:
  runtime::Task<void> live();
  runtime::Task<void> shut_down();
  runtime::Task<void> obey_signals();
  runtime::Task<void> reload_by(std::string why);
  runtime::Task<void> rotate_log();
  runtime::Task<void> watch_file();
  runtime::Task<void> watch_until_switched_off(std::string file);
  void obey(int signal);
  // upgrade/upgrade.cpp
  DaemonState state(int asker);
  runtime::Task<UpgradeFailure> try_upgrade(std::string program, int asker);
  std::string execute(const std::string& program, int asker);
  runtime::Task<void> upgrade_by_signal();
  runtime::Task<Outcome> begin();
  void inherit();
  Outcome go_on();
  void finish_upgrade();
  runtime::Task<void> find_orphans();
  runtime::Task<void> take_over_orphans();
  runtime::Task<void> return_to_old_program(std::string problem);
  void on_new_generation();
  void announce_ready();

  Start start_;
  config::SandboxMode sandbox_;
  platform::SignalSet signals_;
  platform::ServiceNotifier notifier_;
  runtime::Deadline started_;
  SharedPages pages_;
  Workforce workforce_;
  Reload reload_;
  OldCrews old_crews_;
  std::uint32_t crew_ = 1;
  std::optional<Orphans> orphans_;  // whose flows are to be ours
  std::unique_ptr<ControlServer> control_;
  runtime::CancelScope scope_;  // of all that ends with the supervisor
  runtime::Gate tasks_;
  runtime::Event stop_asked_;
  runtime::CancelScope self_check_scope_;  // of the program that is being asked
  runtime::Event watch_changed_;
  bool stopping_ = false, upgrading_ = false;
  int exit_code_ = 0;
};

}  // namespace bulkhead::supervisor
