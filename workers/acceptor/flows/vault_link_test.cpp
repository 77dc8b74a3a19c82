// The acceptor's side of its channel to the vault, with the other end in the test's hands.
#include "workers/acceptor/flows/vault_link.h"

#include <gtest/gtest.h>
#include <set>

#include "runtime/timer.h"

namespace bulkhead::acceptor {
namespace {

using namespace std::chrono_literals;
using runtime::Task;

runtime::Deadline soon() {
  return runtime::Clock::now() + 10s;
}

// What the vault hears.
struct Vault {
  explicit Vault(platform::UniqueFd socket)
      : channel(std::move(socket), proto::Party::vault, proto::Party::acceptor) {
    channel.on<proto::HoldPages>([this](const proto::HoldPages& message, ipc::Envelope&) {
      ++pages;
      holder = message.holder;
    });
    channel.on<proto::HoldPipe>(
        [this](const proto::HoldPipe& message, ipc::Envelope&) { pipes.insert(message.pipe); });
    channel.on<proto::HoldFlow>(
        [this](const proto::HoldFlow& message, ipc::Envelope&) { flows.insert(message.flow); });
    channel.on<proto::Release>([this](const proto::Release& message, ipc::Envelope&) {
      for (const std::uint64_t flow : message.flows.items) flows.erase(flow);
      for (const std::uint64_t pipe : message.pipes.items) pipes.erase(pipe);
    });
    channel.on<proto::VaultSync>([this](proto::VaultSync, ipc::Envelope& envelope) {
      const auto held = static_cast<std::uint32_t>(flows.size());
      if (answers) channel.send(proto::VaultSynced{held, 0}, {}, envelope.id);
    });
  }
  ipc::Channel channel;
  std::set<std::uint64_t> pipes, flows;
  std::uint32_t holder = 0;
  int pages = 0;
  bool answers = true;
};

class VaultLinkTest : public testing::Test {
 protected:
  void SetUp() override {
    // Pipes that an earlier test has left are not this link's.
    runtime::PipePool& pool = runtime::PipePool::current();
    while (pool.kept() != 0) pool.borrow()->filled(1);
    auto pair = platform::message_socket_pair();
    ASSERT_TRUE(pair);
    link_.emplace(7, std::move(pair->first));
    vault_.emplace(std::move(pair->second));
  }
  void run(Task<void> scenario) {
    runtime::spawn(listen(*vault_));
    runtime::spawn(talk(*link_));
    runtime::spawn(conclude(*this, std::move(scenario)));
    loop_.run();
  }
  static Task<void> listen(Vault& vault) { co_await vault.channel.run(); }
  static Task<void> talk(VaultLink& link) { co_await link.run(); }
  static Task<void> conclude(VaultLinkTest& self, Task<void> scenario) {
    co_await std::move(scenario);
    self.link_->close();
    self.vault_->channel.close("over");
    co_await runtime::sleep_for(20ms);
    self.loop_.stop();
  }

  runtime::Loop loop_;
  std::optional<VaultLink> link_;
  std::optional<Vault> vault_;
};

Task<void> make_and_discard_pipes(VaultLink& link, Vault& vault) {
  {
    auto loan = runtime::PipePool::current().borrow();
    EXPECT_TRUE(loan);
    EXPECT_EQ(loan->id() >> 32, 7U) << "an id is its holder's";
    co_await link.sync(soon());
    EXPECT_TRUE(vault.pipes.contains(loan->id()));
    loan->filled(1);  // comes back with something in it: not to be used again
  }
  co_await link.sync(soon());
  EXPECT_TRUE(vault.pipes.empty());
}

TEST_F(VaultLinkTest, PipesAreHeldAsLongAsTheyAreThere) {
  run(make_and_discard_pipes(*link_, *vault_));
}

Task<void> refill(VaultLink& link, Vault& vault) {
  link.hold_pages(0, 0);
  link.hold(1, {0, 0});
  auto loan = runtime::PipePool::current().borrow();
  co_await link.sync(soon());
  EXPECT_EQ(vault.pages, 1);
  EXPECT_EQ(vault.holder, 7U);
  vault.flows.clear();  // as a new one
  vault.pipes.clear();
  std::vector<std::uint64_t> ids(300);
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = i + 1;
  VaultLink::FindFlow find = [](std::uint64_t id) -> std::optional<std::array<int, 2>> {
    if (id % 2 == 0) return std::nullopt;  // ended meanwhile
    return std::array{0, 0};
  };
  co_await link.refill(std::move(ids), std::move(find));
  co_await link.sync(soon());
  EXPECT_EQ(vault.pages, 2);
  EXPECT_EQ(vault.flows.size(), 150U);
  EXPECT_EQ(vault.pipes, std::set<std::uint64_t>{loan->id()});
}

TEST_F(VaultLinkTest, ANewVaultHearsEverythingAgain) {
  run(refill(*link_, *vault_));
}

Task<void> release(VaultLink& link, Vault& vault) {
  link.hold(1, {0, 0});
  link.hold(2, {0, 0});
  link.release(1);
  const auto synced = co_await link.sync(soon());
  EXPECT_EQ(synced, 1U);
  EXPECT_EQ(vault.flows, std::set<std::uint64_t>{2});
}

TEST_F(VaultLinkTest, WhatHasEndedIsReleased) {
  run(release(*link_, *vault_));
}

Task<void> wait_in_vain(VaultLink& link, Vault& vault) {
  vault.answers = false;
  const auto synced = co_await link.sync(runtime::Clock::now() + 20ms);
  EXPECT_FALSE(synced);
}

TEST_F(VaultLinkTest, SyncEndsAtItsDeadline) {
  run(wait_in_vain(*link_, *vault_));
}

// More than the channel bears: as long as the vault does not read, nothing more is said.
Task<void> fall_behind(VaultLink& link, Vault& vault) {
  int times = 0;
  link.on_behind([&times] { ++times; });
  for (std::uint64_t flow = 1; flow <= 6000; ++flow) link.hold(flow, {0, 0});
  EXPECT_EQ(times, 1);
  EXPECT_FALSE(link.channel().ended());
  const bool read = co_await link.catch_up();
  EXPECT_TRUE(read);
  EXPECT_LT(vault.flows.size(), 3000U);
  std::vector<std::uint64_t> all;
  for (std::uint64_t flow = 1; flow <= 6000; ++flow) all.push_back(flow);
  VaultLink::FindFlow find = [](std::uint64_t) { return std::optional(std::array{0, 0}); };
  co_await link.refill(std::move(all), std::move(find));
  const auto synced = co_await link.sync(soon());
  EXPECT_EQ(synced, 6000U);
}

TEST_F(VaultLinkTest, AVaultThatDoesNotReadIsToldEverythingLater) {
  run(fall_behind(*link_, *vault_));
}

// After it has let go: what is the vault's stays there.
Task<void> stop_registering(VaultLink& link, Vault& vault) {
  auto before = runtime::PipePool::current().borrow();
  const std::uint64_t id = before->id();
  co_await link.sync(soon());
  link.stop_registering();
  before->filled(1);
  before.reset();
  auto after = runtime::PipePool::current().borrow();
  EXPECT_EQ(after->id(), 0U);
  co_await link.sync(soon());
  EXPECT_EQ(vault.pipes, std::set<std::uint64_t>{id});
}

TEST_F(VaultLinkTest, LetsThePipesBeWhenItHasLetGo) {
  run(stop_registering(*link_, *vault_));
}

}  // namespace
}  // namespace bulkhead::acceptor
