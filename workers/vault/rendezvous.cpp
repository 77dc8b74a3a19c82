#include "workers/vault/rendezvous.h"

#include <algorithm>
#include <array>
#include <optional>

#include "platform/descriptor.h"
#include "platform/message_socket.h"
#include "runtime/both.h"
#include "runtime/log.h"
#include "runtime/socket.h"
#include "runtime/timer.h"

namespace bulkhead::vault {
namespace {

namespace log = runtime::log;

constexpr runtime::Duration accept_pause{100};
// What acceptors may be given at most to let go, whatever the supervisor asks for.
constexpr runtime::Duration longest_take_over{30'000};

}  // namespace

struct Rendezvous::Visit {
  explicit Visit(platform::UniqueFd socket)
      : channel(std::move(socket), proto::Party::vault, proto::Party::supervisor) {}

  ipc::Channel channel;
  std::optional<proto::TakeOver> order;
  std::uint32_t order_id = 0;
  platform::UniqueFd to;   // the channel to the other vault
  runtime::Event ordered;  // or the conversation is over
};

runtime::Task<void> Rendezvous::serve() {
  if (!listener_) co_return;
  runtime::Socket socket(platform::duplicate(listener_.get()));
  for (;;) {
    auto accepted = platform::accept_message_socket(socket.fd());
    if (accepted) {
      if (admits(accepted->get())) co_await converse(std::move(*accepted));
      continue;
    }
    if (accepted.error().code == std::errc::resource_unavailable_try_again) {
      const auto status = co_await runtime::ready(socket, runtime::Direction::read);
      if (status != runtime::IoStatus::ok) co_return;
    } else {
      const bool slept = co_await runtime::sleep_for(accept_pause);
      if (!slept) co_return;
    }
  }
}

// The listener carries the credentials of the supervisor that made it.
bool Rendezvous::admits(int socket) const {
  const auto visitor = platform::peer_credentials(socket);
  const auto maker = platform::peer_credentials(listener_.get());
  if (visitor && (visitor->uid == 0 || (maker && visitor->uid == maker->uid))) return true;
  log::error("somebody else than a supervisor was turned away",
             {{"uid", visitor ? std::to_string(visitor->uid) : "unknown"}});
  return false;
}

runtime::Task<void> Rendezvous::converse(platform::UniqueFd socket) {
  const runtime::Gate::Pass pass = visits_.enter();
  Visit visit(std::move(socket));
  visit.channel.on<proto::QueryVault>([&](proto::QueryVault, ipc::Envelope& envelope) {
    for (const Vault::Listener& listener : vault_.listeners())
      visit.channel.send(listener.message, std::array{listener.socket.get()});
    visit.channel.send(vault_.state(), {}, envelope.id);
  });
  visit.channel.on<proto::TakeOver>([&](const proto::TakeOver& message, ipc::Envelope& envelope) {
    if (visit.order) return visit.channel.close("asked twice");
    visit.order = message;
    visit.order_id = envelope.id;
    visit.to = std::move(envelope.descriptors.front());
    visit.ordered.set();
  });
  co_await runtime::both(run(visit), take_over(visit));
}

runtime::Task<void> Rendezvous::run(Visit& visit) {
  const ipc::ChannelEnd end = co_await visit.channel.run();
  if (end.violation) {
    // It speaks another language, and will never ask for what is here.
    log::warn("a supervisor of another version is there: what cannot be handed over drains",
              {{"reason", end.reason}});
    vault_.send_clients_away();
  }
  visit.ordered.set();
}

runtime::Task<void> Rendezvous::take_over(Visit& visit) {
  co_await visit.ordered.wait();
  if (!visit.order) co_return;
  proto::TakenOver answer;
  if (visit.order->version != proto::protocol_version) {
    answer.problem = "the workers left behind are of another version";
    vault_.send_clients_away();
  } else {
    const auto time = std::min(runtime::Duration(visit.order->timeout_ms), longest_take_over);
    runtime::Task<proto::TakenOver> conveying =
        vault_.convey(std::move(visit.to), runtime::Loop::current().after(time));
    answer = co_await std::move(conveying);
  }
  log::info(
      "handed over to another supervisor",
      {{"holders", answer.holders}, {"flows", answer.flows}, {"problem", answer.problem.value}});
  visit.channel.send(answer, {}, visit.order_id);
}

}  // namespace bulkhead::vault
