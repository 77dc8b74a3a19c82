// From vault to vault: what a supervisor that takes over gets of the one before.
#include <gtest/gtest.h>

#include "workers/vault/vault_fixture_test.h"

namespace bulkhead::vault {
namespace {

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

Task<void> convey_left(Vault& vault, Elsewhere& there, std::array<Holder*, 3> holders,
                       std::array<Held, 6>& held) {
  const auto [dead, talking, named] = holders;
  for (std::uint32_t number = 1; number <= 3; ++number) {
    Holder& holder = *holders.at(number - 1);
    holder.channel->send(proto::HoldPages{number}, held.at(number * 2 - 2).descriptors());
    holder.hold_flow(10 + number, held.at(number * 2 - 1));
    co_await holder.sync();
  }
  named->die();
  vault.bequeath(3, 2);
  co_await talking->all_sent.wait(soon());
  dead->die();
  proto::TakenOver report;
  while (report.holders == 0) {  // until the vault has seen that it is dead
    auto ends = channel_pair();
    there.receive(std::move(ends[0]));
    Task<proto::TakenOver> conveying = vault.convey_left(std::move(ends[1]));
    report = co_await std::move(conveying);
  }
  EXPECT_EQ(report.problem.value, "");
  EXPECT_EQ(report.flows, 1U);
  while (there.estates.empty()) co_await runtime::sleep_for(1ms);
  EXPECT_EQ(there.estates, (std::map<std::uint32_t, std::size_t>{{1, 1}}));
  EXPECT_EQ(vault.state().flows, 2U) << "whoever talks, or has an heir, keeps what he has";
  co_await there.vault.end();
}

TEST_F(VaultTest, ConveysWhatTheDeadLeftToNobody) {
  Elsewhere there;
  Holder dead(vault_, 1), talking(vault_, 2), named(vault_, 3);
  std::array<Held, 6> held;
  run(convey_left(vault_, there, {&dead, &talking, &named}, held), {&dead, &talking, &named});
}

// Room for no flow of acceptors of its own, but for these.
Task<void> receive_beyond(Elsewhere& there, Held& held) {
  auto ends = channel_pair();
  there.receive(std::move(ends[0]));
  ipc::Channel donor(std::move(ends[1]), proto::Party::vault, proto::Party::vault);
  donor.send(proto::HoldPages{1}, held.descriptors());
  for (std::uint64_t flow = 10; flow < 15; ++flow)
    donor.send(proto::HoldFlow{1, flow}, held.descriptors());
  donor.send(proto::ConveyEnd{});
  held.let_go();
  co_await donor.run();
  EXPECT_EQ(there.vault.state().capacity, 0U);
  EXPECT_EQ(there.estates, (std::map<std::uint32_t, std::size_t>{{1, 5}}));
  co_await there.vault.end();
}

TEST_F(VaultTest, TakesWhatLivesAlreadyWhateverItKeepsFree) {
  Elsewhere there(0);
  Held held;
  run(receive_beyond(there, held), {});
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
