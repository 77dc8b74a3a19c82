// How the workers of programs before are seen off: in which order, with how much time, and what is
// left of it for the program after. Each is a process that ends when it is told to by the test,
// which speaks for it on its channel.
#include "supervisor/old_crews.h"

#include <csignal>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "platform/descriptor.h"
#include "platform/message_socket.h"
#include "platform/process.h"
#include "runtime/timer.h"

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;
using proto::Party;
using runtime::Task;
using testing::ElementsAre;

std::uint64_t to_nanoseconds(runtime::Deadline time) {
  return static_cast<std::uint64_t>(time.time_since_epoch() / std::chrono::nanoseconds(1));
}

// A worker of a program before: a `cat` that ends with its input, and its end of the channel.
class Worker {
 public:
  Worker(Party role, std::uint32_t crew, std::vector<std::string>& told)
      : role_(role), told_(told) {
    auto channel = platform::message_socket_pair();
    int input[2], output[2];
    EXPECT_EQ(pipe2(input, O_CLOEXEC), 0);
    EXPECT_EQ(pipe2(output, O_CLOEXEC | O_NONBLOCK), 0);
    platform::SpawnRequest request;
    request.executable = "/bin/cat";
    request.arguments = {"cat"};
    request.descriptors = {{input[0], STDIN_FILENO}};
    auto child = platform::spawn(request);
    EXPECT_TRUE(child);
    state_.crew = crew;
    state_.pid = child->pid;
    state_.pidfd = child->pidfd.release();
    state_.control = channel->first.release();
    state_.output = output[0];
    state_.generation = 1;
    state_.column = ipc::no_column;
    state_.hello.role = role;
    ::close(input[0]);
    ::close(output[1]);
    life_.reset(input[1]);
    channel_.emplace(std::move(channel->second), role, Party::supervisor);
    channel_->on<proto::Drain>([this](const proto::Drain& order, ipc::Envelope&) { note(order); });
    if (role == Party::acceptor) give_tenure();
  }

  WorkerState& state() { return state_; }
  ipc::Channel& channel() { return *channel_; }
  const std::optional<proto::Drain>& order() const { return order_; }

  // Nothing is left to do: it says so and ends.
  void end() {
    channel_->send(proto::Drained{});
    life_.reset();
  }
  // The same, and what it said was for the program before, or was not read in time.
  void end_unheard() { life_.reset(); }
  void stay() { ends_when_told_ = false; }

 private:
  void give_tenure() {
    auto made = Tenure::make(7, 0);
    state_.tenure = made->tenure->state();
    for (platform::UniqueFd* fd :
         {&made->tenure->vault_end, &made->tenure->flows, &made->tenure->copies})
      (void)fd->release();
  }
  void note(const proto::Drain& order) {
    order_ = order;
    told_.emplace_back(to_string(role_));
    if (ends_when_told_) end();
  }

  Party role_;
  std::vector<std::string>& told_;
  WorkerState state_;
  platform::UniqueFd life_;
  std::optional<ipc::Channel> channel_;
  std::optional<proto::Drain> order_;
  bool ends_when_told_ = true;
};

class OldCrewsTest : public testing::Test {
 protected:
  Worker& take(Party role, std::uint32_t crew) {
    return *workers_.emplace_back(std::make_unique<Worker>(role, crew, told_));
  }
  void inherit() {
    for (const auto& worker : workers_) {
      runtime::spawn(listen(worker->channel()));
      crews_.inherit(worker->state());
    }
  }
  // Runs the scenario, then ends whoever is left.
  void run(Task<void> scenario) {
    runtime::spawn(conclude(*this, std::move(scenario)));
    loop_.run();
  }
  static Task<void> listen(ipc::Channel& channel) { co_await channel.run(); }
  static Task<void> conclude(OldCrewsTest& self, Task<void> scenario) {
    co_await std::move(scenario);
    co_await self.crews_.shut_down(runtime::Clock::now());
    for (const auto& worker : self.workers_) worker->channel().close("over");
    co_await runtime::sleep_for(1ms);
    self.loop_.stop();
  }
  static Task<void> until_gone(OldCrews& crews) {
    const auto deadline = runtime::Clock::now() + 10s;
    while (!crews.members().empty() && runtime::Clock::now() < deadline)
      co_await runtime::sleep_for(1ms);
  }

  runtime::Loop loop_;
  SharedPages pages_;
  Workforce ours_{{"",
                   "",
                   platform::SandboxMode::off,
                   [] { return nullptr; },
                   [](WorkerProcess&) {},
                   pages_,
                   {},
                   ""}};
  OldCrews crews_{ours_, pages_};
  std::vector<std::string> told_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

Task<void> see_off(OldCrews& crews, Task<void> gone) {
  crews.relieve(5s);
  co_await std::move(gone);
}

// The egress only stops probing; it and the auth worker serve the acceptors to their end. The vault
// is not asked: two cannot read from one channel.
TEST_F(OldCrewsTest, TheAcceptorsGoBeforeWhomTheyNeed) {
  Worker& auth = take(Party::auth, 1);
  Worker& acceptor = take(Party::acceptor, 1);
  Worker& vault = take(Party::vault, 1);
  inherit();
  run(see_off(crews_, until_gone(crews_)));
  EXPECT_THAT(told_, ElementsAre("acceptor", "auth"));
  EXPECT_TRUE(crews_.members().empty());
  EXPECT_FALSE(vault.order());
  EXPECT_TRUE(acceptor.order()->hand_over) << "another goes on with its flows";
  EXPECT_LE(acceptor.order()->timeout_ms, 5000U);
  EXPECT_GT(acceptor.order()->timeout_ms, 4000U);
  EXPECT_FALSE(auth.order()->hand_over);
  EXPECT_TRUE(ours_.crashes().all().empty()) << "nobody died of it";
}

Task<void> end_unheard(Worker& worker, Task<void> gone) {
  worker.end_unheard();
  co_await std::move(gone);
}

TEST_F(OldCrewsTest, WhoWasToldToEndAndEndsWellHasNotDied) {
  Worker& told = take(Party::acceptor, 1);
  told.state().draining_ns = to_nanoseconds(runtime::Clock::now());
  inherit();
  run(end_unheard(told, until_gone(crews_)));
  EXPECT_TRUE(ours_.crashes().all().empty());
}

TEST_F(OldCrewsTest, WhoEndsUnaskedHasDied) {
  Worker& worker = take(Party::acceptor, 1);
  inherit();
  run(end_unheard(worker, until_gone(crews_)));
  EXPECT_EQ(ours_.crashes().all().size(), 1U);
}

Task<void> relieve_shortly(OldCrews& crews, Task<void> gone) {
  crews.relieve(10ms);
  co_await std::move(gone);
}

TEST_F(OldCrewsTest, WhoDoesNotEndIsKilled) {
  Worker& acceptor = take(Party::acceptor, 1);
  acceptor.stay();
  Worker& egress = take(Party::egress, 1);
  inherit();
  run(relieve_shortly(crews_, until_gone(crews_)));
  EXPECT_THAT(told_, ElementsAre("egress", "acceptor"));
  EXPECT_GT(egress.order()->timeout_ms, acceptor.order()->timeout_ms)
      << "it is there for the acceptors to their end";
  EXPECT_TRUE(crews_.members().empty());
}

Task<void> look(OldCrews& crews, std::vector<std::optional<runtime::Deadline>>& seen,
                DaemonState& left) {
  crews.relieve(60s);
  co_await runtime::sleep_for(20ms);
  for (const OldCrews::Member& member : crews.members())
    seen.push_back(crews.leaving_since(member));
  crews.leave(left);
}

// Told by the program before this one: neither its time nor that of whoever waits for it begins
// anew.
TEST_F(OldCrewsTest, WhatDrainsAlreadyGoesOnDraining) {
  const auto before =
      std::chrono::time_point_cast<std::chrono::milliseconds>(runtime::Clock::now() - 40s);
  Worker& oldest = take(Party::acceptor, 1);
  oldest.state().draining_ns = to_nanoseconds(before);
  take(Party::auth, 1);
  Worker& newer = take(Party::acceptor, 2);
  newer.stay();
  inherit();
  std::vector<std::optional<runtime::Deadline>> seen;
  DaemonState left;
  run(look(crews_, seen, left));
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[0], before);
  EXPECT_EQ(seen[1], before) << "it waits for the first";
  EXPECT_GT(*seen[2], before + 39s);
  EXPECT_FALSE(oldest.order()) << "it was told";
  ASSERT_EQ(left.workers.items.size(), 3U);
  EXPECT_EQ(left.workers.items[0].crew, 1U);
  EXPECT_EQ(left.workers.items[0].draining_ns, to_nanoseconds(before));
  EXPECT_EQ(left.workers.items[2].crew, 2U);
  EXPECT_NE(left.workers.items[2].draining_ns, 0U);
}

Task<void> nothing(Task<void> gone) {
  co_await std::move(gone);
}

TEST_F(OldCrewsTest, WhoServesNothingYetIsEndedAtOnce) {
  Worker& acceptor = take(Party::acceptor, 1);
  acceptor.state().generation = 0;
  inherit();
  run(nothing(until_gone(crews_)));
  EXPECT_FALSE(acceptor.order());
  EXPECT_TRUE(crews_.members().empty());
}

Task<void> forget(OldCrews& crews, Workforce& ours, DaemonState& left, Worker& dying) {
  ::kill(dying.state().pid, SIGKILL);
  while (crews.members().size() > 1) co_await runtime::sleep_for(1ms);
  EXPECT_EQ(ours.crashes().all().size(), 1U);
  crews.leave(left);
}

TEST_F(OldCrewsTest, ADeathIsACrashAndLeavesNoWorker) {
  Worker& acceptor = take(Party::acceptor, 1);
  take(Party::egress, 1);
  inherit();
  DaemonState left;
  run(forget(crews_, ours_, left, acceptor));
  ASSERT_EQ(left.workers.items.size(), 1U);
  EXPECT_EQ(left.workers.items[0].hello.role, Party::egress);
}

}  // namespace
}  // namespace bulkhead::supervisor
