#include "supervisor/orphans.h"

#include <array>

#include "platform/message_socket.h"
#include "platform/socket.h"
#include "runtime/both.h"
#include "runtime/log.h"

namespace bulkhead::supervisor {
namespace {

namespace log = runtime::log;
using proto::Party;

constexpr runtime::Duration answer_timeout{2'000};
// More sockets than that are not taken from them.
constexpr std::size_t most_listeners = 4'096;
// How long acceptors may take to let go; and beyond it, what they held to arrive.
constexpr runtime::Duration letting_go{3'000}, conveying{10'000};

// A conversation with their vault in which one question is asked.
template <typename Question>
class Conversation {
 public:
  explicit Conversation(platform::UniqueFd socket)
      : channel_(std::move(socket), Party::supervisor, Party::vault) {
    channel_.resume();
  }

  ipc::Channel& channel() { return channel_; }

  // The answer, or nothing.
  runtime::Task<std::optional<ipc::Envelope>> ask(Question question, runtime::Duration timeout,
                                                  std::vector<int> descriptors) {
    runtime::Task<void> asking =
        ask_and_close(std::move(question), timeout, std::move(descriptors));
    co_await runtime::both(run(), std::move(asking));
    co_return std::move(answer_);
  }

 private:
  runtime::Task<void> run() { co_await channel_.run(); }

  runtime::Task<void> ask_and_close(Question question, runtime::Duration timeout,
                                    std::vector<int> descriptors) {
    const auto deadline = runtime::Loop::current().after(timeout);
    answer_ = co_await channel_.call(std::move(question), deadline, std::move(descriptors));
    channel_.close("answered");
  }

  ipc::Channel channel_;
  std::optional<ipc::Envelope> answer_;
};

// Their vault is a weaker process: what it says of a socket is compared with the socket.
std::optional<Orphans::HeldListener> take_listener(proto::Listener message,
                                                   platform::UniqueFd socket) {
  const auto found = platform::describe_listener(socket.get());
  if (!found || found->local.port == 0 || found->local.to_string() != message.address.to_string()) {
    log::warn("a listening socket of a supervisor before this one is not what it is said to be",
              {{"address", message.address.to_string()}});
    return std::nullopt;
  }
  return Orphans::HeldListener{std::move(message), found->dual_stack, std::move(socket)};
}

}  // namespace

// Two connections: the second waits in their queue until our workers serve, so that they know that
// somebody is coming.
runtime::Task<std::optional<Orphans>> Orphans::find(std::string path) {
  auto first = platform::connect_message_socket(path);
  if (!first) co_return std::nullopt;
  Conversation<proto::QueryVault> conversation(std::move(*first));
  std::vector<HeldListener> listeners;
  conversation.channel().on<proto::Listener>(
      [&listeners](proto::Listener message, ipc::Envelope& envelope) {
        if (listeners.size() >= most_listeners) return;
        auto taken = take_listener(std::move(message), std::move(envelope.descriptors.front()));
        if (taken) listeners.push_back(std::move(*taken));
      });
  runtime::Task<std::optional<ipc::Envelope>> asking =
      conversation.ask(proto::QueryVault{}, answer_timeout, {});
  const std::optional<ipc::Envelope> answer = co_await std::move(asking);
  const auto state = answer ? answer->as<proto::VaultState>() : std::nullopt;
  auto second = platform::connect_message_socket(path);
  if (!state || !second) {
    log::warn("the workers of a supervisor before this one do not answer: they drain by themselves",
              {{"path", path}});
    co_return std::nullopt;
  }
  log::info(
      "workers of a supervisor before this one go on",
      {{"holders", state->holders}, {"flows", state->flows}, {"listeners", listeners.size()}});
  Orphans found(std::move(*second), state->last_holder);
  found.listeners_ = std::move(listeners);
  co_return found;
}

runtime::Task<proto::TakenOver> Orphans::hand_over_to(std::shared_ptr<WorkerProcess> vault) {
  proto::TakenOver failure;
  failure.problem = "no channel to our vault";
  auto pair = platform::message_socket_pair();
  if (!vault || !pair) co_return failure;
  const std::array ours{pair->first.get()};
  proto::Peer peer;
  peer.role = Party::vault;
  vault->channel().send(peer, ours);
  pair->first.reset();
  proto::TakeOver order;
  order.timeout_ms = static_cast<std::uint32_t>(letting_go.count());
  std::vector<int> theirs{pair->second.get()};
  Conversation<proto::TakeOver> conversation(std::move(connection_));
  runtime::Task<std::optional<ipc::Envelope>> asking =
      conversation.ask(order, letting_go + conveying, std::move(theirs));
  const std::optional<ipc::Envelope> answer = co_await std::move(asking);
  const auto report = answer ? answer->as<proto::TakenOver>() : std::nullopt;
  failure.problem = "no answer";
  co_return report ? *report : failure;
}

}  // namespace bulkhead::supervisor
