// The vault over real channels: acceptors hold, die, let go and inherit.
#include "workers/vault/vault.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "workers/vault/vault_fixture_test.h"

namespace bulkhead::vault {
namespace {

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

}  // namespace
}  // namespace bulkhead::vault
