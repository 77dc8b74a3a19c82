// A vault on real channels, its acceptors, and descriptors of which one can tell who holds them.
#pragma once

#include <array>
#include <gtest/gtest.h>
#include <map>
#include <optional>
#include <poll.h>
#include <sys/socket.h>
#include <vector>

#include "platform/descriptor.h"
#include "platform/message_socket.h"
#include "runtime/timer.h"
#include "workers/vault/vault.h"

namespace bulkhead::vault {

using namespace std::chrono_literals;
using platform::UniqueFd;
using runtime::Task;

inline runtime::Deadline soon() {
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

}  // namespace bulkhead::vault
