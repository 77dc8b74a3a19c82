// The supervisor's life: start everything, obey signals and commands, drain, end. Owns every other
// part.
#pragma once

#include <memory>
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
#include "supervisor/reload.h"
#include "supervisor/shared_pages.h"
#include "supervisor/workforce.h"

namespace bulkhead::supervisor {

class ControlServer;

class Supervisor {
 public:
  struct Start {
    Directories directories;
    config::LoadOptions load_options;
    config::LoadResult loaded;         // with a config
    std::vector<std::string> notices;  // for status, beside the loader's warnings
    bool root = false;
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
  const SharedPages& pages() const { return pages_; }
  const Start& start() const { return start_; }
  runtime::Deadline started() const { return started_; }
  bool stopping() const { return stopping_; }
  config::SandboxMode sandbox() const { return sandbox_; }

  // Reloads, and tells the service manager so.
  runtime::Task<Outcome> reload_and_tell(std::string asked_by);

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
  std::unique_ptr<ControlServer> control_;
  runtime::CancelScope scope_;  // of all that ends with the supervisor
  runtime::Gate tasks_;
  runtime::Event stop_asked_;
  runtime::Event watch_changed_;
  bool stopping_ = false;
  int exit_code_ = 0;
};

}  // namespace bulkhead::supervisor
