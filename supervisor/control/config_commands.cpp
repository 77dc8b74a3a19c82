// config show, config reload.
#include "supervisor/control/commands.h"

namespace bulkhead::supervisor {

runtime::Task<void> show_config(Supervisor& supervisor, const proto::Command&, Answer& answer) {
  co_await answer.text(config::show(*supervisor.reload().current()->config));
}

runtime::Task<void> reload_config(Supervisor& supervisor, const proto::Command&, Answer& answer) {
  const Outcome outcome = co_await supervisor.reload_and_tell(answer.actor());
  co_await answer.diagnostics(outcome.diagnostics);
  answer.done(outcome.ok ? 0 : 1, outcome.ok ? "reloaded: " + outcome.summary
                                             : "nothing has changed: " + outcome.summary);
}

}  // namespace bulkhead::supervisor
