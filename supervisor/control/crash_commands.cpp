// crashes.
#include "supervisor/control/commands.h"

namespace bulkhead::supervisor {

runtime::Task<void> list_crashes(Supervisor& supervisor, const proto::Command&, Answer& answer) {
  const auto rows = supervisor.workforce().crashes().all();
  for (const proto::CrashRow& row : rows) {
    const bool going_on = co_await answer.row(row);
    if (!going_on) co_return;
  }
}

}  // namespace bulkhead::supervisor
