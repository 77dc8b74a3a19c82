// The vault over real channels: acceptors hold, die, let go and inherit.
#include "workers/vault/vault.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "platform/descriptor.h"
#include "platform/message_socket.h"
#include "runtime/timer.h"

namespace bulkhead::vault {
namespace {

using namespace std::chrono_literals;
using platform::UniqueFd;
using runtime::Task;

runtime::Deadline soon() {
  return runtime::Clock::now() + 10s;
}

// Two descriptors to hold; of each the other end tells whether anybody still has it.
struct Held {
  Held() {
    for (std::size_t i = 0; i < 2; ++i) {
      int ends[2];
      EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
      mine[i].reset(ends[0]);
      peer[i].reset(ends[1]);
    }
  }
  std::array<int, 2> descriptors() const { return {mine[0].get(), mine[1].get()}; }
  void let_go() {
    for (auto& descriptor : mine) descriptor.reset();
  }
  bool gone() const {
    std::array<pollfd, 2> ends{pollfd{peer[0].get(), 0, 0}, pollfd{peer[1].get(), 0, 0}};
    return poll(ends.data(), 2, 0) == 2;
  }
  std::array<UniqueFd, 2> mine, peer;
};

// An acceptor's side of its channel.
struct Holder {
  Holder(Vault& vault, std::uint32_t number) : number_(number) {
    auto pair = platform::message_socket_pair();
    end_ = platform::duplicate(pair->second.get());
    vault.connect(number, std::move(pair->second));
    channel.emplace(std::move(pair->first), proto::Party::acceptor, proto::Party::vault);
    listen();
    runtime::spawn(run(*this));
  }
  static Task<void> run(Holder& self) {
    co_await self.channel->run();
    self.channel.reset();
    self.ended.set();
  }
  void listen() {
    channel->on<proto::HeldFlow>([this](const proto::HeldFlow& message, ipc::Envelope& envelope) {
      flows[message.flow] = std::move(envelope.descriptors);
      from = message.from;
    });
    channel->on<proto::HeldPipe>([this](const proto::HeldPipe& message, ipc::Envelope& envelope) {
      pipes[message.pipe] = std::move(envelope.descriptors);
    });
    channel->on<proto::HeldEnd>([this](const proto::HeldEnd&, ipc::Envelope&) {
      ++ends;
      all_sent.set();
    });
    channel->on<proto::Inherit>([this](const proto::Inherit& message, ipc::Envelope& envelope) {
      EXPECT_EQ(envelope.descriptors.size(), 2U);
      named_heir_of.push_back(message.from);
      alive = message.alive;
    });
    channel->on<proto::NotHeld>(
        [this](const proto::NotHeld& message, ipc::Envelope&) { refused.push_back(message.flow); });
  }
  void hold_flow(std::uint64_t flow, const Held& held) {
    channel->send(proto::HoldFlow{number_, flow}, held.descriptors());
  }
  void hold_pipe(std::uint64_t pipe, const Held& held) {
    channel->send(proto::HoldPipe{number_, pipe}, held.descriptors());
  }
  void release_flow(std::uint64_t flow) {
    proto::Release message;
    message.flows.push(flow);
    channel->send(message);
  }
  // Waits until the vault has done all that was said.
  Task<proto::VaultSynced> sync() {
    const auto reply = co_await channel->call(proto::VaultSync{}, soon());
    if (!reply) co_return proto::VaultSynced{};
    co_return *reply->as<proto::VaultSynced>();
  }
  void die() {
    if (channel) channel->close("killed");
  }

  std::uint32_t number_;
  UniqueFd end_;  // the supervisor's copy of the vault's end
  std::optional<ipc::Channel> channel;
  std::map<std::uint64_t, std::vector<UniqueFd>> flows, pipes;
  std::vector<std::uint64_t> refused;
  std::vector<std::uint32_t> named_heir_of;  // by the vault
  bool alive = false;
  std::uint32_t from = 0;
  int ends = 0;
  runtime::Event all_sent, ended;
};

class VaultTest : public testing::Test {
 protected:
  // Runs the scenario, then ends vault and holders.
  void run(Task<void> scenario, std::vector<Holder*> holders) {
    runtime::spawn(conclude(*this, std::move(scenario), std::move(holders)));
    loop_.run();
  }
  static Task<void> conclude(VaultTest& self, Task<void> scenario, std::vector<Holder*> holders) {
    co_await std::move(scenario);
    co_await self.vault_.end();
    for (Holder* holder : holders) {
      holder->die();
      co_await holder->ended.wait();
    }
    self.loop_.stop();
  }

  runtime::Loop loop_;
  Vault vault_{20'000};
};

Task<void> hold_and_release(Vault& vault, Holder& holder, Held& flow, Held& pipe) {
  holder.hold_flow(1, flow);
  holder.hold_pipe(2, pipe);
  const auto synced = co_await holder.sync();
  EXPECT_EQ(synced.flows, 1U);
  EXPECT_EQ(synced.pipes, 1U);
  flow.let_go();
  EXPECT_FALSE(flow.gone());
  EXPECT_EQ(vault.state().descriptors, 4U);
  holder.release_flow(1);
  holder.release_flow(7);
  co_await holder.sync();
  EXPECT_TRUE(flow.gone());
  EXPECT_EQ(vault.state().flows, 0U);
  EXPECT_EQ(vault.state().pipes, 1U);
}

TEST_F(VaultTest, HoldsUntilItIsReleased) {
  Holder holder(vault_, 1);
  Held flow, pipe;
  run(hold_and_release(vault_, holder, flow, pipe), {&holder});
}

Task<void> hold_one(Holder& holder, Held& flow) {
  holder.hold_flow(1, flow);
  co_await holder.sync();
  EXPECT_GE(fcntl(first_held_number, F_GETFD), 0);
  EXPECT_GE(fcntl(first_held_number + 1, F_GETFD), 0);
}

TEST_F(VaultTest, KeepsWhatItHoldsAtHighNumbers) {
  ASSERT_LT(fcntl(first_held_number, F_GETFD), 0);
  Holder holder(vault_, 1);
  Held flow;
  run(hold_one(holder, flow), {&holder});
}

// What an acceptor says after its pages is all that it has.
Task<void> begin_anew(Vault& vault, Holder& holder, Held& old, Held& fresh) {
  holder.hold_flow(1, old);
  holder.hold_pipe(2, old);
  co_await holder.sync();
  old.let_go();
  holder.channel->send(proto::HoldPages{1}, fresh.descriptors());
  holder.hold_flow(3, fresh);
  const auto synced = co_await holder.sync();
  EXPECT_EQ(synced.flows, 1U);
  EXPECT_EQ(synced.pipes, 0U);
  EXPECT_TRUE(old.gone());
  EXPECT_EQ(vault.state().descriptors, 4U);
}

TEST_F(VaultTest, AnAcceptorBeginsAnewWithItsPages) {
  Holder holder(vault_, 1);
  Held old, fresh;
  run(begin_anew(vault_, holder, old, fresh), {&holder});
}

// The dead one's last words are still on their way when the supervisor bequeaths.
Task<void> inherit(Vault& vault, Holder& dead, Holder& heir, std::array<Held, 3>& held) {
  dead.hold_flow(10, held[0]);
  dead.hold_flow(11, held[1]);
  dead.hold_pipe(20, held[2]);
  dead.die();
  vault.bequeath(1, 2);
  co_await heir.all_sent.wait(soon());
  EXPECT_EQ(heir.flows.size(), 2U);
  EXPECT_EQ(heir.pipes.size(), 1U);
  EXPECT_EQ(heir.from, 1U);
  for (Held& each : held) each.let_go();
  heir.channel->send(proto::Adopt{1, 10, 20, 0});
  heir.channel->send(proto::AdoptEnd{1});
  const auto synced = co_await heir.sync();
  EXPECT_EQ(synced.flows, 1U);
  EXPECT_EQ(synced.pipes, 1U);
  heir.flows.clear();
  heir.pipes.clear();
  EXPECT_FALSE(held[0].gone());
  EXPECT_TRUE(held[1].gone());
  EXPECT_FALSE(held[2].gone());
  EXPECT_EQ(vault.state().holders, 1U);
}

TEST_F(VaultTest, GivesTheEstateOfTheDeadToTheHeir) {
  Holder dead(vault_, 1), heir(vault_, 2);
  std::array<Held, 3> held;
  run(inherit(vault_, dead, heir, held), {&heir});
}

Task<void> die_while_inheriting(Vault& vault, Holder& first, Holder& second, Holder& third,
                                Held& held) {
  first.hold_flow(10, held);
  first.hold_flow(11, held);
  first.die();
  vault.bequeath(1, 2);
  co_await second.all_sent.wait(soon());
  second.channel->send(proto::Adopt{1, 10, 0, 0});
  second.die();
  vault.bequeath(2, 3);
  vault.bequeath(1, 3);
  while (third.ends < 2) {
    third.all_sent.reset();
    co_await third.all_sent.wait(soon());
  }
  EXPECT_EQ(third.flows.size(), 2U);
  third.channel->send(proto::Adopt{1, 11, 0, 0});
  third.channel->send(proto::Adopt{2, 10, 0, 0});
  third.channel->send(proto::AdoptEnd{1});
  third.channel->send(proto::AdoptEnd{2});
  const auto synced = co_await third.sync();
  EXPECT_EQ(synced.flows, 2U);
  EXPECT_EQ(vault.state().holders, 1U);
}

// Its last words are on their way when the supervisor names another: they count.
TEST_F(VaultTest, AnHeirMayDieAsWell) {
  Holder first(vault_, 1), second(vault_, 2), third(vault_, 3);
  Held held;
  run(die_while_inheriting(vault_, first, second, third, held), {&third});
}

Task<void> steal(Vault& vault, Holder& owner, Holder& thief, Held& flow) {
  owner.hold_flow(10, flow);
  co_await owner.sync();
  vault.bequeath(3, 2);  // something else
  thief.channel->send(proto::Adopt{1, 10, 0, 0});
  thief.channel->send(proto::AdoptEnd{1});
  const auto taken = co_await thief.sync();
  EXPECT_EQ(taken.flows, 0U);
  const auto kept = co_await owner.sync();
  EXPECT_EQ(kept.flows, 1U);
}

TEST_F(VaultTest, NobodyTouchesWhatWasNotBequeathedToHim) {
  Holder owner(vault_, 1), thief(vault_, 2);
  Held flow;
  run(steal(vault_, owner, thief, flow), {&owner, &thief});
}

Task<void> relinquish(Vault& vault, Holder& old, Holder& heir, Held& flow) {
  old.hold_flow(10, flow);
  vault.bequeath(1, 2);
  co_await old.sync();
  EXPECT_EQ(heir.ends, 0) << "it is still at work";
  old.channel->send(proto::Relinquished{1, 0});
  old.hold_flow(11, flow);
  co_await heir.all_sent.wait(soon());
  EXPECT_EQ(heir.flows.size(), 1U);
  heir.channel->send(proto::Adopt{1, 10, 0, 0});
  heir.channel->send(proto::AdoptEnd{1});
  const auto synced = co_await heir.sync();
  EXPECT_EQ(synced.flows, 1U);
  const auto rest = co_await old.sync();
  EXPECT_EQ(rest.flows, 0U);
}

TEST_F(VaultTest, WhoLetsGoLives) {
  Holder old(vault_, 1), heir(vault_, 2);
  Held flow;
  run(relinquish(vault_, old, heir, flow), {&old, &heir});
}

Task<void> relinquish_and_release(Holder& old, Held& flow) {
  old.hold_flow(10, flow);
  old.channel->send(proto::Relinquished{1, 0});
  old.release_flow(10);
  const auto kept = co_await old.sync();
  EXPECT_EQ(kept.flows, 1U);
}

TEST_F(VaultTest, WhoLetsGoHasNoSayInItAnyMore) {
  Holder old(vault_, 1);
  Held flow;
  run(relinquish_and_release(old, flow), {&old});
}

Task<void> go_on_alone(Vault& vault, Holder& dead, Holder& old, Holder& heir,
                       std::array<Held, 3>& held) {
  for (Holder* holder : {&dead, &old}) {
    holder->channel->send(proto::HoldPages{holder->number_}, held[0].descriptors());
    holder->hold_flow(holder->number_, held[holder->number_]);
    co_await holder->sync();
  }
  dead.die();
  co_await dead.ended.wait();
  co_await heir.sync();
  EXPECT_TRUE(heir.named_heir_of.empty()) << "there is a supervisor";
  vault.go_on_alone();
  co_await heir.all_sent.wait(soon());
  EXPECT_EQ(heir.named_heir_of, std::vector<std::uint32_t>{1});
  EXPECT_FALSE(heir.alive);
  EXPECT_TRUE(heir.flows.contains(1));
  heir.channel->send(proto::Adopt{1, 1, 0, 0});
  heir.channel->send(proto::AdoptEnd{1});
  // As an upgrade that was under way has it.
  heir.all_sent.reset();
  old.channel->send(proto::Relinquished{1, 0});
  co_await heir.all_sent.wait(soon());
  EXPECT_EQ(heir.named_heir_of, (std::vector<std::uint32_t>{1, 2}));
  EXPECT_TRUE(heir.alive);
  EXPECT_TRUE(heir.flows.contains(2));
}

TEST_F(VaultTest, NamesHeirsWhenThereIsNoSupervisor) {
  Holder dead(vault_, 1), old(vault_, 2), heir(vault_, 3);
  std::array<Held, 3> held;
  run(go_on_alone(vault_, dead, old, heir, held), {&old, &heir});
}

Task<void> heir_dies_alone(Vault& vault, Holder& dead, Holder& heir, Holder& next, Held& held) {
  dead.channel->send(proto::HoldPages{1}, held.descriptors());
  dead.hold_flow(10, held);
  dead.die();
  co_await dead.ended.wait();
  vault.bequeath(1, 3);  // the supervisor's last word
  co_await heir.all_sent.wait(soon());
  vault.go_on_alone();
  co_await next.sync();
  EXPECT_TRUE(next.named_heir_of.empty()) << "there is one";
  heir.die();
  co_await next.all_sent.wait(soon());
  EXPECT_EQ(next.named_heir_of, std::vector<std::uint32_t>{1});
  EXPECT_TRUE(next.flows.contains(10));
}

TEST_F(VaultTest, NamesAnotherHeirWhenTheFirstDies) {
  Holder dead(vault_, 1), next(vault_, 2), heir(vault_, 3);
  Held held;
  run(heir_dies_alone(vault_, dead, heir, next, held), {&next});
}

Task<void> forget(Vault& vault, Holder& dead, Held& flow) {
  dead.hold_flow(10, flow);
  dead.die();
  flow.let_go();
  vault.bequeath(1, 0);
  while (!flow.gone()) co_await runtime::sleep_for(1ms);
  EXPECT_EQ(vault.state().holders, 0U);
}

TEST_F(VaultTest, DropsWhatNobodyWants) {
  Holder dead(vault_, 1);
  Held flow;
  run(forget(vault_, dead, flow), {});
}

Task<void> ask_for_nothing(Vault& vault, Holder& heir) {
  vault.bequeath(77, 2);
  co_await heir.all_sent.wait(soon());
  EXPECT_EQ(heir.ends, 1);
  heir.channel->send(proto::AdoptEnd{77});
  co_await heir.sync();
  EXPECT_EQ(vault.state().holders, 1U);
}

TEST_F(VaultTest, AnUnknownEstateIsEmpty) {
  Holder heir(vault_, 2);
  run(ask_for_nothing(vault_, heir), {&heir});
}

Task<void> overfill(Vault& vault, Holder& holder, Held& held) {
  holder.hold_flow(1, held);
  holder.hold_flow(2, held);
  const auto synced = co_await holder.sync();
  EXPECT_EQ(synced.flows, 1U);
  EXPECT_EQ(holder.refused, std::vector<std::uint64_t>{2});
  EXPECT_EQ(vault.state().refused_flows, 1U);
  holder.release_flow(1);
  holder.hold_flow(2, held);
  const auto again = co_await holder.sync();
  EXPECT_EQ(again.flows, 1U);
  co_await vault.end();
  co_await holder.ended.wait();
  runtime::Loop::current().stop();
}

TEST(VaultCapacity, RefusesWhatItHasNoRoomFor) {
  runtime::Loop loop;
  Vault vault(first_held_number + 128 + 2 * 544 + 2 + 2);
  EXPECT_EQ(vault.state().capacity, 1U);
  Holder holder(vault, 1);
  Held held;
  runtime::spawn(overfill(vault, holder, held));
  loop.run();
}

// More than fits into a socket at once.
Task<void> inherit_many(Vault& vault, Holder& dead, Holder& heir, Held& held, unsigned count) {
  for (unsigned i = 1; i <= count; ++i) {
    dead.hold_flow(i, held);
    if (i % 100 == 0) co_await dead.sync();
  }
  dead.die();
  vault.bequeath(1, 2);
  co_await heir.all_sent.wait(soon());
  EXPECT_EQ(heir.flows.size(), count);
}

TEST_F(VaultTest, SendsLargeEstates) {
  Holder dead(vault_, 1), heir(vault_, 2);
  Held held;
  run(inherit_many(vault_, dead, heir, held, 3000), {&heir});
}

// From vault to vault

std::array<UniqueFd, 2> channel_pair() {
  auto pair = platform::message_socket_pair();
  return {std::move(pair->first), std::move(pair->second)};
}

// Another supervisor's vault, and what it said of estates that came.
struct Elsewhere {
  explicit Elsewhere(std::uint64_t descriptors = 20'000) : vault(descriptors) {}
  void receive(UniqueFd channel) {
    vault.receive(std::move(channel), [this](std::uint32_t holder, const Holdings& holdings) {
      estates[holder] = holdings.flows.size();
    });
  }
  Vault vault;
  std::map<std::uint32_t, std::size_t> estates;
};

void let_go_when_asked(Holder& holder) {
  holder.channel->on<proto::Relinquish>([&holder](proto::Relinquish, ipc::Envelope&) {
    holder.channel->send(proto::Relinquished{1, 0});
  });
}

Task<void> convey(Vault& vault, Elsewhere& there, Holder& first, Holder& dead, Holder& heir,
                  std::array<Held, 5>& held) {
  let_go_when_asked(first);
  first.channel->send(proto::HoldPages{1}, held[0].descriptors());
  first.hold_flow(10, held[1]);
  first.hold_pipe(20, held[2]);
  dead.channel->send(proto::HoldPages{2}, held[3].descriptors());
  dead.hold_flow(11, held[4]);
  co_await first.sync();
  co_await dead.sync();
  dead.die();
  for (Held& each : held) each.let_go();
  auto ends = channel_pair();
  there.receive(std::move(ends[0]));
  Task<proto::TakenOver> conveying = vault.convey(std::move(ends[1]), soon());
  const proto::TakenOver report = co_await std::move(conveying);
  EXPECT_EQ(report.problem.value, "");
  EXPECT_EQ(report.holders, 2U);
  EXPECT_EQ(report.flows, 2U);
  EXPECT_EQ(report.pipes, 1U);
  EXPECT_EQ(vault.state().descriptors, 0U) << "nobody else may keep a connection open";
  while (there.estates.size() < 2) co_await runtime::sleep_for(1ms);
  EXPECT_EQ(vault.state().last_holder, 2U);
  there.vault.bequeath(1, 9);
  co_await heir.all_sent.wait(soon());
  EXPECT_EQ(heir.flows.count(10), 1U);
  EXPECT_EQ(heir.pipes.count(20), 1U);
  EXPECT_FALSE(held[1].gone());
  heir.channel->send(proto::AdoptEnd{1});
  co_await heir.sync();
  heir.die();
  co_await heir.ended.wait();
  co_await there.vault.end();
}

TEST_F(VaultTest, ConveysWhatWasLetGoAndWhatTheDeadLeft) {
  Elsewhere there;
  Holder first(vault_, 1), dead(vault_, 2), heir(there.vault, 9);
  std::array<Held, 5> held;
  run(convey(vault_, there, first, dead, heir, held), {&first});
}

Task<void> keep(Vault& vault, Elsewhere& there, Holder& holder, Held& held) {
  holder.channel->send(proto::HoldPages{1}, held.descriptors());
  holder.hold_flow(10, held);
  co_await holder.sync();
  auto ends = channel_pair();
  there.receive(std::move(ends[0]));
  Task<proto::TakenOver> conveying = vault.convey(std::move(ends[1]), runtime::Clock::now() + 50ms);
  const proto::TakenOver report = co_await std::move(conveying);
  EXPECT_NE(report.problem.value, "");
  EXPECT_EQ(report.holders, 0U);
  EXPECT_EQ(vault.state().flows, 1U);
  co_await there.vault.end();
  EXPECT_TRUE(there.estates.empty());
}

TEST_F(VaultTest, WhoDoesNotLetGoKeepsHisFlows) {
  Elsewhere there;
  Holder holder(vault_, 1);
  Held held;
  run(keep(vault_, there, holder, held), {&holder});
}

Task<void> receive_half(Elsewhere& there, Held& held) {
  auto ends = channel_pair();
  there.receive(std::move(ends[0]));
  ipc::Channel donor(std::move(ends[1]), proto::Party::vault, proto::Party::vault);
  donor.send(proto::HoldPages{1}, held.descriptors());
  donor.send(proto::HoldFlow{1, 10}, held.descriptors());
  donor.send(proto::HoldFlow{55, 11}, held.descriptors());  // a holder that it has not announced
  held.let_go();
  donor.close("killed");
  co_await donor.run();
  while (!held.gone()) co_await runtime::sleep_for(1ms);
  co_await there.vault.end();
  EXPECT_TRUE(there.estates.empty());
  EXPECT_EQ(there.vault.state().holders, 0U);
}

TEST_F(VaultTest, KeepsNothingOfWhatDidNotComeWhole) {
  Elsewhere there;
  Held held;
  run(receive_half(there, held), {});
}

Task<void> receive_for_ours(Elsewhere& there, Holder& ours, Held& held, Held& own) {
  ours.hold_flow(10, own);
  co_await ours.sync();
  auto ends = channel_pair();
  there.receive(std::move(ends[0]));
  ipc::Channel donor(std::move(ends[1]), proto::Party::vault, proto::Party::vault);
  donor.send(proto::HoldPages{3}, held.descriptors());
  donor.send(proto::ConveyEnd{});
  held.let_go();
  co_await donor.run();
  EXPECT_TRUE(there.estates.empty());
  const auto kept = co_await ours.sync();
  EXPECT_EQ(kept.flows, 1U);
  ours.die();
  co_await ours.ended.wait();
  co_await there.vault.end();
}

TEST_F(VaultTest, TakesNothingForAHolderOfItsOwn) {
  Elsewhere there;
  Holder ours(there.vault, 3);
  Held held, own;
  run(receive_for_ours(there, ours, held, own), {});
}

}  // namespace
}  // namespace bulkhead::vault
