#include "supervisor/workforce.h"

#include <algorithm>
#include <array>

#include "platform/message_socket.h"
#include "proto/administration.h"
#include "runtime/log.h"

namespace bulkhead::supervisor {
namespace {

namespace log = runtime::log;
using proto::Party;

// Beyond its drain time a worker gets this long to say so and end.
constexpr runtime::Duration drain_grace{2'000};
// Nobody asks the others when the acceptors are gone.
constexpr runtime::Duration peer_drain{1'000};

bool is_alive(const Worker& worker) {
  return worker.process && !worker.process->ended();
}

// Of acceptors only these are wanted; of the others there is one each, and an auth worker where
// there is anything for it to do.
bool is_wanted(const Worker& worker, const std::vector<std::uint32_t>& acceptors,
               const config::Config& config) {
  if (worker.role == Party::auth) return needs_auth(config);
  return worker.role != Party::acceptor ||
         std::find(acceptors.begin(), acceptors.end(), worker.index) != acceptors.end();
}

}  // namespace

platform::SandboxMode to_platform(config::SandboxMode mode) {
  switch (mode) {
    case config::SandboxMode::automatic:
      return platform::SandboxMode::automatic;
    case config::SandboxMode::require:
      return platform::SandboxMode::require;
    case config::SandboxMode::off:
      return platform::SandboxMode::off;
  }
  return platform::SandboxMode::automatic;
}

Workforce::Workforce(Surroundings surroundings)
    : surroundings_(std::move(surroundings)),
      estates_({[this] { return heirs(); },
                [this] {
                  const auto process = vault();
                  return process ? &process->channel() : nullptr;
                }}) {
  identities_.emplace(Party::acceptor, platform::identity_of(platform::Role::acceptor));
  identities_.emplace(Party::egress, platform::identity_of(platform::Role::egress));
  identities_.emplace(Party::vault, platform::identity_of(platform::Role::vault));
  identities_.emplace(Party::auth, platform::identity_of(platform::Role::auth));
}

const platform::Identity& Workforce::identity(Party role) const {
  return identities_.at(role);
}

std::shared_ptr<Worker> Workforce::find(Party role, std::uint32_t index) const {
  for (const auto& worker : workers_) {
    if (worker->role == role && worker->index == index) return worker;
  }
  return nullptr;
}

std::shared_ptr<WorkerProcess> Workforce::only(Party role) const {
  const auto worker = find(role, 0);
  return worker && is_alive(*worker) ? worker->process : nullptr;
}

std::vector<std::shared_ptr<WorkerProcess>> Workforce::acceptors() const {
  std::vector<std::shared_ptr<WorkerProcess>> serving;
  for (const auto& worker : workers_) {
    if (worker->role == Party::acceptor && is_alive(*worker) &&
        worker->process->generation() != 0) {
      serving.push_back(worker->process);
    }
  }
  return serving;
}

std::vector<Estates::Heir> Workforce::heirs() const {
  std::vector<Estates::Heir> heirs;
  for (const auto& each : acceptors()) {
    if (each->draining()) continue;
    heirs.push_back({each->tenure()->holder, each->index(), each->name(), &each->channel()});
  }
  return heirs;
}

std::vector<std::uint32_t> Workforce::plan(std::uint32_t count) const {
  std::vector<std::uint32_t> kept;
  for (const auto& worker : workers_) {
    if (worker->role == Party::acceptor && !worker->retired) kept.push_back(worker->index);
  }
  std::sort(kept.begin(), kept.end());
  if (kept.size() > count) kept.resize(count);
  // An index of a worker that still drains is not given away: its channel to the egress goes by it.
  for (std::uint32_t index = 0; kept.size() < count; ++index) {
    if (!find(Party::acceptor, index)) kept.push_back(index);
  }
  return kept;
}

std::string Workforce::start_missing(const std::vector<std::uint32_t>& acceptors,
                                     const config::Config& config) {
  const auto start = [&](Party role, std::uint32_t index) -> std::string {
    if (find(role, index)) return {};
    auto process = launch(role, index, config);
    if (!process) return process.error();
    add(role, index, *process);
    // Seen already: it takes no part in the roll-out, which must not succeed without it.
    if ((*process)->ended())
      return (*process)->name() + ": " + (*process)->exit_reason().to_string();
    return {};
  };
  std::string error = start(Party::egress, 0);
  if (error.empty()) error = start(Party::vault, 0);
  if (error.empty() && needs_auth(config)) error = start(Party::auth, 0);
  for (const std::uint32_t index : acceptors) {
    if (error.empty()) error = start(Party::acceptor, index);
  }
  if (!error.empty()) dismiss_newcomers();
  return error;
}

void Workforce::add(Party role, std::uint32_t index, std::shared_ptr<WorkerProcess> process,
                    bool newcomer) {
  auto worker = std::make_shared<Worker>();
  worker->role = role;
  worker->index = index;
  worker->process = std::move(process);
  worker->newcomer = newcomer;
  workers_.push_back(worker);
  runtime::spawn(keep_filled(worker));
}

std::vector<std::shared_ptr<WorkerProcess>> Workforce::electorate(
    const std::vector<std::uint32_t>& acceptors, const config::Config& config) const {
  std::vector<std::shared_ptr<WorkerProcess>> electors;
  for (const auto& worker : workers_) {
    if (!is_wanted(*worker, acceptors, config) || worker->retired || !is_alive(*worker)) continue;
    if (worker->newcomer || worker->process->generation() != 0) electors.push_back(worker->process);
  }
  return electors;
}

void Workforce::dismiss_newcomers() {
  for (const auto& worker : workers_) {
    if (!worker->newcomer) continue;
    worker->retired = true;
    if (worker->process) worker->process->kill({});
  }
}

void Workforce::settle(const std::vector<std::uint32_t>& acceptors, const config::Config& config) {
  for (const auto& worker : workers_) {
    worker->newcomer = false;
    if (!is_wanted(*worker, acceptors, config) && !worker->retired) {
      worker->retired = true;
      worker->hurry.set();
      // An auth worker that is not needed has nobody to wait for: the acceptors stay.
      const auto time = worker->role == Party::auth ? peer_drain : config.reload.drain_timeout;
      if (worker->process) runtime::spawn(retire(worker->process, time));
    } else if (is_alive(*worker) && !worker->retired) {
      if (needs_another(*worker->process, config))
        worker->process->drain(runtime::Duration{0});
      else
        runtime::spawn(bring_up(worker->process));
    }
  }
}

// What the auth worker got or gave up before it entered its sandbox cannot be had inside.
bool Workforce::needs_another(const WorkerProcess& process, const config::Config& config) const {
  if (process.role() != Party::auth) return false;
  const workers::Arguments now = arguments(process.role(), process.index(), config);
  return now.pam != process.arguments().pam ||
         now.readable_files != process.arguments().readable_files;
}

runtime::Task<void> Workforce::retire(std::shared_ptr<WorkerProcess> process,
                                      runtime::Duration drain_timeout) {
  const runtime::Gate::Pass pass = tasks_.enter();
  log::info("worker is not needed any more",
            {{"worker", process->name()}, {"drain_ms", drain_timeout.count()}});
  process->drain(drain_timeout, true);
  const auto deadline = runtime::Loop::current().after(drain_timeout + drain_grace);
  const bool ended = co_await process->wait_end(deadline);
  if (!ended) process->kill("did not end after its drain");
}

void Workforce::adopt(const WorkerState& state) {
  auto process = WorkerProcess::inherit(state);
  listen_for_estates(process);
  listen_for_refusals(*process);
  if (process->role() == Party::vault) offer_rendezvous(*process);
  add(state.hello.role, state.index, std::move(process), false);
}

void Workforce::leave(DaemonState& state) const {
  state.last_holder = last_holder_;
  state.estates = estates_.totals();
  state.given_up = estates_.given_up();
  for (const auto& worker : workers_) {
    if (is_alive(*worker)) state.workers.push(worker->process->state());
  }
}

runtime::Task<void> Workforce::all_said(runtime::Deadline deadline) const {
  const auto workers = workers_;
  for (const auto& worker : workers) {
    const auto process = worker->process;
    if (process) co_await process->channel().sent(deadline);
  }
}

void Workforce::audit(std::string_view kind, std::string_view actor,
                      std::string_view detail) const {
  const auto keeper = auth();
  if (!keeper) return;
  proto::AuditEvent event;
  event.kind = kind;
  event.actor = actor;
  event.detail = detail;
  keeper->channel().send(event);
}

void Workforce::force() {
  forced_ = true;
  changed_.set();
}

bool Workforce::any_alive(Party role) const {
  return std::any_of(workers_.begin(), workers_.end(), [role](const auto& worker) {
    return worker->role == role && is_alive(*worker);
  });
}

runtime::Task<void> Workforce::drain_role(Party role, runtime::Duration drain_timeout,
                                          runtime::Deadline deadline) {
  for (const auto& worker : workers_) {
    if (worker->role == role && is_alive(*worker)) worker->process->drain(drain_timeout);
  }
  bool in_time = true;
  while (any_alive(role) && !forced_ && in_time) {
    changed_.reset();
    const auto result = co_await changed_.wait(deadline);
    in_time = result == runtime::Event::Result::set;
  }
  for (const auto& worker : workers_) {
    if (worker->role == role && is_alive(*worker)) worker->process->kill("did not end in time");
  }
}

// The generation has none any more, and whatever was on its way to the next one is called off.
void Workforce::release_listeners() const {
  const auto keeper = vault();
  const auto current = surroundings_.current();
  if (!keeper || !current) return;
  keeper->abort(*current);
  keeper->commit(*current);
}

runtime::Task<void> Workforce::shut_down(runtime::Duration drain_timeout,
                                         runtime::Duration force_timeout) {
  stopping_ = true;
  estates_.close();
  release_listeners();
  for (const auto& worker : workers_) {
    worker->retired = true;
    worker->hurry.set();
  }
  runtime::Loop& loop = runtime::Loop::current();
  const auto deadline =
      std::min(loop.after(force_timeout), loop.after(drain_timeout + drain_grace));
  co_await drain_role(Party::acceptor, drain_timeout, deadline);
  for (const Party role : {Party::egress, Party::vault, Party::auth})
    co_await drain_role(role, peer_drain, loop.after(peer_drain + drain_grace));
  co_await tasks_.empty_uncancelled();
}

}  // namespace bulkhead::supervisor
