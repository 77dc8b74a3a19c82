// Going over to another program in the same process, and coming up as that program: the
// supervisor's part. How it works:
//
// The new program is asked for its self-check first (self_check.h); while that runs everything goes
// on. Then nobody makes a new generation any more, all that was said to the workers is given time
// to be on its way, and the process executes the new program. It has the same pid, and with it the
// children, and inherits the descriptors that the state names (state.h). Workers and clients notice
// nothing: what they say meanwhile waits in the kernel.
//
// The new program takes the old workers in (old_crews.h), starts its own on the same listening
// sockets, and when those serve it lets the old ones go.
#include <csignal>
#include <unistd.h>

#include "platform/message_socket.h"
#include "platform/process.h"
#include "runtime/log.h"
#include "runtime/timer.h"
#include "supervisor/control/server.h"
#include "supervisor/supervisor.h"
#include "supervisor/upgrade/self_check.h"

namespace bulkhead::supervisor {
namespace {

namespace log = runtime::log;

// How long what was said to the workers has to leave our queues.
constexpr runtime::Duration flush_timeout{1'000};
// What is looked at while orphans hand over, which has a time-out of its own.
constexpr runtime::Duration taking_over_interval{10};
// How long flows may be on their way from one acceptor to another.
constexpr runtime::Duration settling_timeout{5'000};

// The way back, should the new program fail in a way that its self-check does not show.
int own_program() {
  static const auto program = platform::open_own_program();
  return program ? program->get() : -1;
}

runtime::Task<void> say(Answer& answer, std::uint8_t exit_code, std::string message) {
  answer.done(exit_code, message);
  co_return;
}

// For the audit log. The descriptor of a conversation is all that goes over the exec of who asked.
std::string who_is(int asker) {
  if (asker < 0) return "SIGUSR2";
  const auto peer = platform::peer_credentials(asker);
  return peer ? "uid " + std::to_string(peer->uid) : "unknown";
}

class Flag {
 public:
  explicit Flag(bool& flag) : flag_(flag) { flag_ = true; }
  ~Flag() { flag_ = false; }
  Flag(const Flag&) = delete;
  Flag& operator=(const Flag&) = delete;

 private:
  bool& flag_;
};

}  // namespace

DaemonState Supervisor::state(int asker) {
  DaemonState state;
  state.version = BULKHEAD_VERSION;
  state.program = own_program();
  state.program_path = start_.program;
  state.crew = crew_;
  state.started_ns =
      static_cast<std::uint64_t>(started_.time_since_epoch() / std::chrono::nanoseconds(1));
  state.lock = start_.lock;
  state.notifier = notifier_.descriptor();
  state.control = control_->descriptor();
  if (asker >= 0) state.askers.push(asker);
  state.pages = pages_.leave();
  reload_.leave(state);
  workforce_.crashes().leave(state);
  workforce_.leave(state);
  for (WorkerState& worker : state.workers.items) worker.crew = crew_;
  old_crews_.leave(state);
  return state;
}

runtime::Task<UpgradeFailure> Supervisor::upgrade(std::string program, int asker) {
  const runtime::Gate::Pass pass = tasks_.enter();
  runtime::Task<UpgradeFailure> attempt = try_upgrade(std::move(program), asker);
  UpgradeFailure failure = co_await std::move(attempt);
  workforce_.audit("upgrade_failed", who_is(asker), failure.problem);
  co_return failure;
}

runtime::Task<UpgradeFailure> Supervisor::try_upgrade(std::string program, int asker) {
  if (stopping_ || !control_) co_return UpgradeFailure{"the daemon is starting or stopping", {}};
  if (upgrading_) co_return UpgradeFailure{"an upgrade is under way already", {}};
  const Flag upgrading(upgrading_);
  if (program.empty()) program = start_.program;
  log::info("upgrading", {{"program", program}});
  runtime::Task<SelfCheck> asked = ask_self_check(program, start_.arguments, state(-1));
  SelfCheck check = co_await std::move(asked).under(self_check_scope_);
  UpgradeFailure failure{check.problem, check.output};
  if (check.passed) {
    const Reload::Pause pause = co_await reload_.pause();
    while (orphans_ && !stopping_) co_await runtime::sleep_for(taking_over_interval);
    const bool settled =
        co_await workforce_.settled(runtime::Loop::current().after(settling_timeout));
    co_await workforce_.all_said(runtime::Loop::current().after(flush_timeout));
    if (!settled) log::warn("flows of an acceptor that is gone are not with another one yet");
    failure.problem = stopping_ ? "the daemon is stopping" : execute(program, asker);
  }
  log::error("not upgraded, nothing has changed",
             {{"program", program}, {"reason", failure.problem}, {"output", failure.output}});
  co_return failure;
}

// Returns only when it failed.
std::string Supervisor::execute(const std::string& program, int asker) {
  const DaemonState left = state(asker);
  const auto memory = seal_state(left);
  if (!memory) return memory.error();
  platform::Replacement replacement;
  replacement.path = program;
  replacement.arguments = start_.arguments;
  replacement.arguments.insert(replacement.arguments.begin(), program);
  replacement.environment = whole_environment();
  replacement.environment.push_back(std::string(state_variable) + '=' +
                                    std::to_string(memory->get()));
  replacement.kept = descriptors_of(left);
  replacement.kept.push_back(memory->get());
  notifier_.reloading();
  const platform::Error error = platform::replace_program(replacement);
  notifier_.ready();
  return program + " cannot be executed: " + error.to_string();
}

runtime::Task<void> Supervisor::upgrade_by_signal() {
  runtime::Task<UpgradeFailure> attempt = upgrade({}, -1);
  co_await std::move(attempt);
}

// With workers of our own, or, given back what a program after us could not go on with, with those
// that we had.
runtime::Task<Outcome> Supervisor::begin() {
  if (start_.inherited) {
    inherit();
  } else {
    co_await find_orphans();
  }
  if (start_.inherited && !start_.inherited->problem.value.empty()) co_return go_on();
  runtime::Task<Outcome> starting = reload_.start(std::move(start_.loaded));
  Outcome outcome = co_await std::move(starting);
  co_return outcome;
}

void Supervisor::inherit() {
  const DaemonState& state = *start_.inherited;
  const bool given_back = !state.problem.value.empty();
  crew_ = state.crew + (given_back ? 0 : 1);
  started_ = runtime::Deadline(std::chrono::nanoseconds(state.started_ns));
  pages_.inherit(state.pages);
  reload_.inherit(state);
  workforce_.crashes().inherit(state);
  workforce_.inherit(state);
  for (const WorkerState& worker : state.workers.items) {
    const bool ours = given_back && worker.crew == crew_ && worker.draining_ns == 0;
    if (ours && worker.generation != 0) {
      workforce_.adopt(worker);
    } else {
      old_crews_.inherit(worker);
    }
  }
  log::info("taking over", {{"from_version", state.version.value},
                            {"listeners", state.listeners.items.size()},
                            {"workers", state.workers.items.size()}});
}

Outcome Supervisor::go_on() {
  Outcome outcome = reload_.go_on(start_.loaded, start_.inherited->generation);
  if (!outcome.ok) return outcome;
  for (const auto& acceptor : workforce_.acceptors())
    acceptor->set_listeners(reload_.current()->listener_ids(acceptor->index()));
  return outcome;
}

// Once our own workers serve. What became of the upgrade is in the audit log from here on: only now
// is there an auth worker that stays, and the new program that knows the outcome.
void Supervisor::finish_upgrade() {
  if (!start_.inherited) return;
  const DaemonState& state = *start_.inherited;
  old_crews_.relieve(reload_.current()->config->shutdown.drain_timeout);
  const bool done = state.problem.value.empty();
  const std::string message =
      done ? "bulkhead " BULKHEAD_VERSION " serves now, in place of " + state.version.value
           : "not upgraded: " + state.problem.value + "; bulkhead " BULKHEAD_VERSION " goes on";
  if (done) {
    log::info("upgraded", {{"from_version", state.version.value},
                           {"version", BULKHEAD_VERSION},
                           {"draining", old_crews_.members().size()}});
  } else {
    log::error("not upgraded: the new program could not go on", {{"reason", state.problem.value}});
  }
  workforce_.audit(done ? "upgrade" : "upgrade_failed",
                   who_is(state.askers.items.empty() ? -1 : state.askers.items.front()),
                   done ? start_.program + ": " + message : state.problem.value);
  platform::UniqueFd(state.program).reset();  // the way back, which is not needed any more
  for (const std::int32_t asker : state.askers.items) {
    control_->take_on(platform::UniqueFd(asker),
                      [=](Answer& answer) { return say(answer, done ? 0 : 1, message); });
  }
  start_.inherited.reset();
}

// Nothing was said to the old workers yet: the old program goes on with them as if nothing had
// been. Returns when there is no old program, or it cannot be executed.
runtime::Task<void> Supervisor::return_to_old_program(std::string problem) {
  if (!start_.inherited || !start_.inherited->problem.value.empty()) co_return;
  log::error("cannot go on, giving back to the old program", {{"reason", problem}});
  workforce_.dismiss_newcomers();
  co_await workforce_.shut_down(runtime::Duration{0}, runtime::Duration{0});
  DaemonState state = *start_.inherited;
  state.workers.items.clear();
  old_crews_.leave(state);
  workforce_.crashes().leave(state);
  const std::string error = give_back(std::move(state), problem, start_.arguments);
  log::error("the old program cannot be executed", {{"reason", error}});
}

std::vector<std::shared_ptr<WorkerProcess>> Supervisor::all_acceptors() const {
  auto all = workforce_.acceptors();
  const auto old = old_crews_.acceptors();
  all.insert(all.end(), old.begin(), old.end());
  return all;
}

}  // namespace bulkhead::supervisor
