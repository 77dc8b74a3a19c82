#include "supervisor/old_crews.h"

#include <algorithm>
#include <array>
#include <set>

#include "platform/message_socket.h"
#include "runtime/log.h"
#include "runtime/timer.h"

namespace bulkhead::supervisor {
namespace {

namespace log = runtime::log;
using proto::Party;

// Beyond its drain time a worker gets this long to say so and end.
constexpr runtime::Duration drain_grace{2'000};
// The others hold no connection when the acceptors are gone.
constexpr runtime::Duration other_drain{1'000};
// How long a vault may take to give away what it has, and that to come.
constexpr runtime::Duration saving_time{2'000};

// When a worker that began to drain at `since` has to be done.
runtime::Duration time_left(runtime::Deadline since, runtime::Duration timeout) {
  const auto left =
      std::chrono::duration_cast<runtime::Duration>(since + timeout - runtime::Clock::now());
  return std::max(left, runtime::Duration{0});
}

}  // namespace

void OldCrews::inherit(const WorkerState& state) {
  auto process = WorkerProcess::inherit(state);
  members_.push_back({state.crew, process});
  ours_.welcome(process);
  runtime::spawn(watch(process));
  if (process->generation() == 0) process->kill({});
}

runtime::Task<void> OldCrews::watch(std::shared_ptr<WorkerProcess> process) {
  const runtime::Gate::Pass pass = tasks_.enter();
  const platform::ExitReason reason = co_await process->run();
  log::info("worker of the program before ended",
            {{"worker", process->name()}, {"pid", process->pid()}, {"reason", reason.to_string()}});
  pages_.give_back_column(process->column());
  if (process->died()) ours_.crashes().note(*process);
  if (vaults_ended_) {
    ours_.farewell(*process);
  } else {
    ours_.await_estate(*process);
  }
  std::erase_if(members_, [&](const Member& member) { return member.process == process; });
  changed_.set();
}

std::vector<std::shared_ptr<WorkerProcess>> OldCrews::of(std::uint32_t crew, bool acceptors) const {
  std::vector<std::shared_ptr<WorkerProcess>> found;
  for (const Member& member : members_) {
    if (member.crew == crew && (member.process->role() == Party::acceptor) == acceptors)
      found.push_back(member.process);
  }
  return found;
}

std::vector<std::shared_ptr<WorkerProcess>> OldCrews::acceptors() const {
  std::vector<std::shared_ptr<WorkerProcess>> found;
  for (const Member& member : members_) {
    if (member.process->role() == Party::acceptor && !member.process->ended() &&
        member.process->understands())
      found.push_back(member.process);
  }
  return found;
}

std::vector<std::shared_ptr<WorkerProcess>> OldCrews::elders() const {
  std::vector<std::shared_ptr<WorkerProcess>> found;
  if (!vaults_ended_) return found;
  for (const auto& acceptor : acceptors()) {
    if (acceptor->tenure() && !acceptor->relinquished()) found.push_back(acceptor);
  }
  return found;
}

void OldCrews::leave(DaemonState& state) const {
  for (const Member& member : members_) {
    if (member.process->ended()) continue;
    WorkerState worker = member.process->state();
    worker.crew = member.crew;
    state.workers.push(std::move(worker));
  }
}

// Who is there for the acceptors of its crew is on its way out with the first of them, which may
// have been told by a program before this one.
std::optional<runtime::Deadline> OldCrews::leaving_since(const Member& member) const {
  if (const auto own = member.process->draining_since()) return own;
  std::optional<runtime::Deadline> first = relieved_;
  for (const Member& other : members_) {
    const auto since = other.process->draining_since();
    if (other.crew == member.crew && since && (!first || *since < *first)) first = since;
  }
  return first;
}

void OldCrews::relieve(runtime::Duration drain_timeout) {
  if (relieved_) return;
  relieved_ = runtime::Clock::now();
  runtime::spawn(see_all_off(drain_timeout));
}

runtime::Task<void> OldCrews::see_all_off(runtime::Duration drain_timeout) {
  const runtime::Gate::Pass pass = tasks_.enter();
  co_await end_vaults();
  for (const auto& elder : elders()) ours_.hold_for(*elder);
  std::set<std::uint32_t> crews;
  for (const Member& member : members_) crews.insert(member.crew);
  for (const std::uint32_t crew : crews) runtime::spawn(see_off(crew, drain_timeout));
}

// What acceptors left with it that died since our program began goes to our vault, which says what
// came (proto::Estate).
runtime::Task<void> OldCrews::save_estates(std::shared_ptr<WorkerProcess> vault) {
  const auto ours = ours_.vault();
  auto pair = platform::message_socket_pair();
  if (!ours || !pair || vault->ended() || !vault->understands()) co_return;
  const std::array to_ours{pair->first.get()};
  proto::Peer peer;
  peer.role = Party::vault;
  ours->channel().send(peer, to_ours);
  pair->first.reset();
  std::vector<int> to_theirs{pair->second.get()};
  const auto deadline = runtime::Loop::current().after(saving_time);
  auto asking = vault->channel().call(proto::TakeOver{}, deadline, std::move(to_theirs));
  const std::optional<ipc::Envelope> answer = co_await std::move(asking);
  const auto report = answer ? answer->as<proto::TakenOver>() : std::nullopt;
  const std::string problem = report ? report->problem.value : "no answer";
  if (!problem.empty() || report->holders != 0)
    log::info("took over what the dead of the program before left",
              {{"flows", report ? report->flows : 0}, {"problem", problem}});
}

// It is on its way when its vault has answered.
runtime::Task<void> OldCrews::await_estates() {
  const runtime::Gate::Pass pass = tasks_.enter();
  co_await runtime::sleep_for(saving_time);
  ours_.await_estates_no_more();
}

// Killed: they may not take in anything more, since two cannot read from one channel.
runtime::Task<void> OldCrews::end_vaults() {
  for (const Member& member : std::vector<Member>(members_)) {
    if (member.process->role() != Party::vault) continue;
    runtime::Task<void> saving = save_estates(member.process);
    co_await std::move(saving);
  }
  const auto vaults_left = [this] {
    return std::any_of(members_.begin(), members_.end(),
                       [](const Member& member) { return member.process->role() == Party::vault; });
  };
  for (const Member& member : members_) {
    if (member.process->role() == Party::vault) member.process->kill({});
  }
  while (vaults_left()) {
    changed_.reset();
    co_await changed_.wait_uncancelled();
  }
  vaults_ended_ = true;
  runtime::spawn(await_estates(), &scope_);
}

runtime::Task<void> OldCrews::see_off(std::uint32_t crew, runtime::Duration drain_timeout) {
  const runtime::Gate::Pass pass = tasks_.enter();
  // It goes on for its acceptors, but probes no backends any more: ours does.
  for (const auto& other : of(crew, false)) {
    if (other->role() == Party::egress && !other->draining())
      other->drain(drain_timeout + drain_grace);
  }
  co_await drain(crew, true, drain_timeout);
  co_await drain(crew, false, other_drain);
  log::info("the workers of the program before have ended", {{"crew", crew}});
}

runtime::Task<void> OldCrews::drain(std::uint32_t crew, bool acceptors, runtime::Duration timeout) {
  runtime::Duration longest{0};
  for (const auto& process : of(crew, acceptors)) {
    const auto left = time_left(process->draining_since().value_or(runtime::Clock::now()), timeout);
    longest = std::max(longest, left);
    if (!process->draining()) process->drain(left, acceptors);
  }
  const auto deadline = runtime::Clock::now() + longest + drain_grace;
  bool in_time = true;
  while (!of(crew, acceptors).empty() && in_time) {
    changed_.reset();
    const auto result = co_await changed_.wait(deadline);
    in_time = result == runtime::Event::Result::set;
  }
  for (const auto& process : of(crew, acceptors)) process->kill("did not end after its drain");
  while (!of(crew, acceptors).empty()) {
    changed_.reset();
    co_await changed_.wait_uncancelled();
  }
}

runtime::Task<void> OldCrews::shut_down(runtime::Deadline deadline) {
  scope_.cancel();
  co_await tasks_.empty(deadline);
  kill_all("did not end in time");
  co_await tasks_.empty_uncancelled();
}

void OldCrews::force() {
  kill_all("the daemon ends at once");
}

void OldCrews::kill_all(const std::string& why) {
  for (const Member& member : members_) member.process->kill(why);
}

}  // namespace bulkhead::supervisor
