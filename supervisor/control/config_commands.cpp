// config show, validate, reload.
#include <filesystem>

#include "supervisor/control/commands.h"

namespace bulkhead::supervisor {

namespace {

// As a reload would read it: the managed file, the command line and the environment included.
runtime::Task<void> validate_config(Supervisor& supervisor, Answer& answer) {
  const config::LoadOptions& options = supervisor.reload().options();
  config::LoadResult loaded = config::load(options);
  co_await answer.diagnostics(std::move(loaded.diagnostics));
  std::string what = options.file.empty() ? std::string("built-in defaults") : options.file;
  std::error_code ignored;
  if (std::filesystem::exists(*options.managed_file, ignored))
    what += " with " + *options.managed_file;
  answer.done(0, what + (loaded.config ? ": valid" : ": invalid"));
}

}  // namespace

runtime::Task<void> show_config(Supervisor& supervisor, const proto::Command& command,
                                Answer& answer) {
  if (argument(command, 0) == "validate") {
    co_await validate_config(supervisor, answer);
    co_return;
  }
  co_await answer.text(config::show(*supervisor.reload().current()->config));
}

runtime::Task<void> reload_config(Supervisor& supervisor, const proto::Command&, Answer& answer) {
  const Outcome outcome = co_await supervisor.reload_and_tell(answer.actor());
  co_await answer.diagnostics(outcome.diagnostics);
  answer.done(outcome.ok ? 0 : 1, outcome.ok ? "reloaded: " + outcome.summary
                                             : "nothing has changed: " + outcome.summary);
}

}  // namespace bulkhead::supervisor
