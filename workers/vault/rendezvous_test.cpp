// The rendezvous over a real socket: what another supervisor is told and gets there.
#include "workers/vault/rendezvous.h"

#include <array>
#include <gtest/gtest.h>
#include <unistd.h>

#include "platform/linux/temporary_directory_test.h"
#include "platform/message_socket.h"
#include "platform/socket.h"
#include "runtime/both.h"

namespace bulkhead::vault {
namespace {

using namespace std::chrono_literals;
using platform::UniqueFd;
using runtime::Task;

runtime::Deadline soon() {
  return runtime::Clock::now() + 10s;
}

class RendezvousTest : public testing::Test {
 protected:
  RendezvousTest() { rendezvous_.use(*platform::listen_message_socket(path_, 0600)); }

  // Runs a supervisor's side of a conversation while the vault is without one of its own.
  void run(Task<void> scenario) {
    runtime::spawn(serve(*this), &scope_);
    runtime::spawn(conclude(*this, std::move(scenario)));
    loop_.run();
  }

  static Task<void> serve(RendezvousTest& self) {
    const runtime::Gate::Pass pass = self.serving_.enter();
    co_await self.rendezvous_.serve();
  }
  static Task<void> conclude(RendezvousTest& self, Task<void> scenario) {
    co_await std::move(scenario);
    co_await self.rendezvous_.quiet(soon());
    self.scope_.cancel();
    co_await self.serving_.empty_uncancelled();
    co_await self.vault_.end();
    self.loop_.stop();
  }

  const platform::TemporaryDirectory directory_;
  const std::string path_ = directory_.path() + "/vault.sock";
  runtime::Loop loop_;
  Vault vault_{20'000};
  Rendezvous rendezvous_{vault_};
  runtime::CancelScope scope_;
  runtime::Gate serving_;
};

struct Visitor {
  explicit Visitor(const std::string& path)
      : channel(*platform::connect_message_socket(path), proto::Party::supervisor,
                proto::Party::vault) {
    channel.resume();
    channel.on<proto::Listener>([this](proto::Listener message, ipc::Envelope& envelope) {
      listeners.push_back(std::move(message));
      sockets.push_back(std::move(envelope.descriptors.front()));
    });
    runtime::spawn(run(*this));
  }
  static Task<void> run(Visitor& self) {
    const runtime::Gate::Pass pass = self.running.enter();
    co_await self.channel.run();
  }
  Task<void> leave() {
    channel.close("over");
    co_await running.empty_uncancelled();
  }

  ipc::Channel channel;
  std::vector<proto::Listener> listeners;
  std::vector<UniqueFd> sockets;
  runtime::Gate running;
};

Task<void> ask(const std::string& path, int expected_socket) {
  Visitor visitor(path);
  const auto reply = co_await visitor.channel.call(proto::QueryVault{}, soon());
  const auto state = reply ? reply->as<proto::VaultState>() : std::nullopt;
  EXPECT_TRUE(state);
  EXPECT_EQ(visitor.listeners.size(), 1U) << "they come before the answer";
  if (!visitor.listeners.empty()) {
    EXPECT_EQ(visitor.listeners[0].name.value, "http");
    EXPECT_EQ(platform::local_endpoint(visitor.sockets[0].get())->to_string(),
              platform::local_endpoint(expected_socket)->to_string());
  }
  co_await visitor.leave();
}

TEST_F(RendezvousTest, TellsOfTheListeningSockets) {
  auto socket = platform::listen_tcp({wire::IpAddress::v4(0x7f000001), 0});
  ASSERT_TRUE(socket);
  const int number = socket->get();
  std::vector<Vault::Listener> listeners(1);
  listeners[0].message.name = "http";
  listeners[0].socket = std::move(*socket);
  vault_.hold_listeners(std::move(listeners));
  run(ask(path_, number));
}

Task<void> ask_in_another_language(const std::string& path) {
  Visitor visitor(path);
  auto pair = platform::message_socket_pair();
  proto::TakeOver order;
  order.version = proto::protocol_version + 1;
  std::vector<int> descriptors{pair->first.get()};
  const auto reply = co_await visitor.channel.call(order, soon(), std::move(descriptors));
  const auto answer = reply ? reply->as<proto::TakenOver>() : std::nullopt;
  EXPECT_TRUE(answer && answer->problem.value.find("another version") != std::string::npos);
  EXPECT_EQ(answer ? answer->holders : 1, 0U);
  co_await visitor.leave();
}

TEST_F(RendezvousTest, AnotherVersionGetsNothing) {
  run(ask_in_another_language(path_));
}

Task<void> take_over(const std::string& path) {
  Visitor visitor(path);
  auto pair = platform::message_socket_pair();
  proto::TakeOver order;
  order.timeout_ms = 1'000;
  std::vector<int> descriptors{pair->first.get()};
  const auto reply = co_await visitor.channel.call(order, soon(), std::move(descriptors));
  pair->first.reset();
  EXPECT_TRUE(reply && reply->as<proto::TakenOver>());
  std::array<std::uint8_t, 1024> bytes{};
  std::vector<UniqueFd> received;
  const auto got = platform::receive_message(pair->second.get(), bytes, received);
  EXPECT_EQ(got.status, platform::ReceiveStatus::received) << "the end of the conveyance";
  co_await visitor.leave();
}

TEST_F(RendezvousTest, AVaultThatHoldsNothingSaysSo) {
  run(take_over(path_));
}

}  // namespace
}  // namespace bulkhead::vault
