// status, logs reopen, stop.
#include <algorithm>
#include <chrono>
#include <unistd.h>

#include "supervisor/control/commands.h"

namespace bulkhead::supervisor {
namespace {

constexpr runtime::Duration connections_timeout{1'000};
constexpr runtime::Duration vault_timeout{500};

std::uint64_t since(runtime::Deadline start) {
  const auto lived = std::chrono::duration_cast<runtime::Duration>(runtime::Clock::now() - start);
  return static_cast<std::uint64_t>(lived.count());
}

std::string_view to_string(config::SandboxMode mode) {
  switch (mode) {
    case config::SandboxMode::automatic:
      return "auto";
    case config::SandboxMode::require:
      return "require";
    case config::SandboxMode::off:
      return "off";
  }
  return "";
}

proto::StatusRow status_row(Supervisor& supervisor, const ipc::CountersSum& totals) {
  const auto generation = supervisor.reload().current();
  proto::StatusRow row;
  row.version = BULKHEAD_VERSION;
  row.pid = static_cast<std::uint32_t>(::getpid());
  row.state = supervisor.stopping() ? "draining" : "running";
  row.uptime_ms = since(supervisor.started());
  row.generation = generation->number;
  row.config_file = supervisor.start().load_options.file;
  row.sandbox_mode = to_string(supervisor.sandbox());
  row.rootless = !supervisor.start().root;
  row.reloads = supervisor.reload().counts().done;
  row.failed_reloads = supervisor.reload().counts().failed;
  row.last_reload = supervisor.reload().counts().last;
  row.active = totals.active;
  row.accepted = totals.accepted;
  row.refused = totals.all_refused();
  row.up = totals.all_bytes().up;
  row.down = totals.all_bytes().down;
  for (const std::string& notice : supervisor.start().notices) row.warnings.push(notice);
  for (const std::string& warning : generation->warnings) row.warnings.push(warning);
  return row;
}

runtime::Task<proto::SurvivalPart> ask_for_survival(Supervisor& supervisor) {
  const Estates& estates = supervisor.workforce().estates();
  proto::SurvivalPart part;
  part.estates = estates.totals();
  part.unsettled = static_cast<std::uint32_t>(estates.unsettled());
  part.given_up = estates.given_up();
  const auto vault = supervisor.workforce().vault();
  if (!vault) co_return part;
  const auto deadline = runtime::Loop::current().after(vault_timeout);
  const auto reply = co_await vault->channel().call(proto::QueryVault{}, deadline);
  const auto state = reply ? reply->as<proto::VaultState>() : std::nullopt;
  if (!state) co_return part;
  part.vault_answers = true;
  part.vault = *state;
  co_return part;
}

void fill(proto::WorkerRow& row, const WorkerProcess& process, const SharedPages& pages) {
  if (process.role() == proto::Party::acceptor)
    row.connections = pages.counters().open_in(process.column());
  row.pid = static_cast<std::uint32_t>(process.pid());
  row.uptime_ms = since(process.started());
  if (process.draining_since()) row.draining_ms = since(*process.draining_since());
  row.generation = process.generation();
  row.uid = process.hello().uid;
  row.sandbox_complete = process.hello().sandbox_complete;
  row.layers = process.hello().layers;
}

proto::WorkerRow worker_row(Supervisor& supervisor, const Worker& worker) {
  proto::WorkerRow row;
  row.role = worker.role;
  row.index = static_cast<std::uint16_t>(worker.index);
  row.state = worker.state();
  row.restarts = worker.restarts;
  row.last_exit = worker.last_exit;
  row.identity = supervisor.workforce().identity(worker.role).to_string();
  row.crew = supervisor.crew();
  if (worker.process) fill(row, *worker.process, supervisor.pages());
  return row;
}

proto::WorkerRow worker_row(Supervisor& supervisor, const WorkerProcess& process) {
  proto::WorkerRow row;
  row.role = process.role();
  row.index = static_cast<std::uint16_t>(process.index());
  row.state = process.draining() ? "draining" : "running";
  row.identity = supervisor.workforce().identity(process.role()).to_string();
  fill(row, process, supervisor.pages());
  return row;
}

// Who drains says what for: its connections. It may be of a program that shares no counters.
runtime::Task<void> count_connections(std::shared_ptr<WorkerProcess> process,
                                      proto::WorkerRow& row) {
  if (process->role() != proto::Party::acceptor || !process->draining()) co_return;
  if (!process->understands()) co_return;
  const auto deadline = runtime::Loop::current().after(connections_timeout);
  const auto rows = co_await process->connections(deadline);
  row.connections = rows.size();
}

runtime::Task<bool> show_old_crews(Supervisor& supervisor, Answer& answer) {
  const auto members = supervisor.old_crews().members();
  for (const OldCrews::Member& member : members) {
    proto::WorkerRow row = worker_row(supervisor, *member.process);
    row.crew = member.crew;
    if (const auto leaving = supervisor.old_crews().leaving_since(member)) {
      row.state = "draining";
      row.draining_ms = since(*leaving);
    }
    co_await count_connections(member.process, row);
    const bool going_on = co_await answer.row(std::move(row));
    if (!going_on) co_return false;
  }
  co_return true;
}

}  // namespace

runtime::Task<void> show_status(Supervisor& supervisor, const proto::Command&, Answer& answer) {
  const ipc::CountersSum totals =
      supervisor.pages().counters().sum(*supervisor.reload().current()->config);
  proto::StatusRow summary = status_row(supervisor, totals);
  summary.survival = co_await ask_for_survival(supervisor);
  bool going_on = co_await answer.row(std::move(summary));
  const auto workers = supervisor.workforce().workers();
  for (std::size_t i = 0; going_on && i < workers.size(); ++i) {
    proto::WorkerRow row = worker_row(supervisor, *workers[i]);
    const auto process = workers[i]->process;
    if (process) co_await count_connections(process, row);
    going_on = co_await answer.row(std::move(row));
  }
  if (going_on) going_on = co_await show_old_crews(supervisor, answer);
  for (const config::Listener& listener :
       config::proxy_listeners(*supervisor.reload().current()->config)) {
    ListeningSocket description;
    description.settings = listener;
    const proto::Listener message = description.message();
    proto::ListenerRow row;
    row.name = message.name;
    row.address = message.address;
    row.protocol = message.protocol;
    row.proxy_protocol = message.proxy_protocol;
    if (going_on) going_on = co_await answer.row(std::move(row));
  }
}

runtime::Task<void> reopen_logs(Supervisor& supervisor, const proto::Command&, Answer& answer) {
  const std::string error = supervisor.reload().reopen_access_log();
  answer.done(error.empty() ? 0 : 1, error.empty() ? "the access log is open anew" : error);
  co_return;
}

// When it works, the program that takes our place answers.
runtime::Task<void> upgrade_daemon(Supervisor& supervisor, const proto::Command& command,
                                   Answer& answer) {
  runtime::Task<UpgradeFailure> attempt =
      supervisor.upgrade(argument(command, 0), answer.descriptor());
  UpgradeFailure failure = co_await std::move(attempt);
  co_await answer.text(std::move(failure.output));
  answer.done(1, "not upgraded: " + failure.problem + "; bulkhead " BULKHEAD_VERSION " goes on");
}

runtime::Task<void> stop_daemon(Supervisor& supervisor, const proto::Command&, Answer& answer) {
  answer.done(0, "stopping");
  supervisor.stop("proxyctl");
  co_return;
}

}  // namespace bulkhead::supervisor
