// SOCKS BIND: the egress makes a listening socket, the client is told its address, and the one
// connection that comes in from the host the client named is relayed. Two answers: bound, then
// connected.
#include "platform/socket.h"
#include "runtime/both.h"
#include "runtime/turn.h"
#include "workers/acceptor/outbound/backend_choice.h"
#include "workers/acceptor/outbound/egress_link.h"
#include "workers/acceptor/session/socks_request.h"
#include "workers/acceptor/session/tunnel.h"

namespace bulkhead::acceptor {
namespace {

using proto::Refusal;

bool can_bind(const config::Backend& backend) {
  return backend.type == config::BackendType::direct && backend.via.empty();
}

// What a client may say before anybody has connected.
constexpr std::size_t max_early = 64 * 1024;

struct Incoming {
  platform::UniqueFd socket;
  wire::Endpoint peer;
};

// Whom the client named was checked when the socket was made; anybody else has to pass the egress's
// policy now.
runtime::Task<bool> may_connect(Client& client, wire::Endpoint expected, const Incoming& incoming,
                                runtime::Deadline deadline) {
  if (!expected.address.is_unspecified()) co_return expected.address == incoming.peer.address;
  std::vector<int> passed{incoming.socket.get()};
  const proto::AdmitPeer ask;
  const auto admitted = co_await client.acceptor.egress.ask(ask, deadline, std::move(passed));
  co_return admitted.has_value();
}

// Connections from elsewhere are closed; the wait goes on.
runtime::Task<tl::expected<Incoming, Failure>> await_peer(Client& client,
                                                          runtime::Socket& listening,
                                                          wire::Endpoint expected,
                                                          runtime::Deadline deadline) {
  while (true) {
    auto accepted = platform::accept_tcp(listening.fd());
    if (accepted) {
      Incoming incoming{std::move(accepted->socket), accepted->peer};
      const bool welcome = co_await may_connect(client, expected, incoming, deadline);
      if (welcome) co_return incoming;
      continue;
    }
    const runtime::IoStatus status =
        co_await runtime::ready(listening, runtime::Direction::read, deadline);
    if (status == runtime::IoStatus::ok) continue;
    const bool called_off = status == runtime::IoStatus::cancelled;
    co_return tl::unexpected(called_off ? Failure{Refusal::shutting_down, "called off"}
                                        : Failure{Refusal::connect_timeout, "nobody connected"});
  }
}

// The client has nothing to say while it waits; if it leaves, so does the listening socket.
runtime::Task<void> cancel_when_gone(Client& client, runtime::CancelScope& waiting, bool& gone) {
  runtime::Turn turn;
  while (client.buffer.view().size() < max_early) {
    const runtime::IoResult got = co_await read_more(*client.stream, client.buffer, runtime::never);
    gone = !got.ok() && got.status != runtime::IoStatus::cancelled;
    if (!got.ok()) break;
    co_await turn.pass();
  }
  // It has left, or it talks although nobody is there.
  waiting.cancel();
}

runtime::Task<void> wait_and_stop(Client& client, runtime::Socket& listening,
                                  wire::Endpoint expected, runtime::Deadline deadline,
                                  tl::expected<Incoming, Failure>& result,
                                  runtime::CancelScope& watching) {
  result = co_await await_peer(client, listening, expected, deadline);
  watching.cancel();
}

wire::Endpoint expected_peer(const SocksRequest& request, const proto::Opened& opened) {
  const auto* endpoint = std::get_if<wire::Endpoint>(&request.address);
  return endpoint != nullptr ? *endpoint : opened.remote;
}

runtime::Task<void> relay_incoming(Client& client, Route route, SocksRequest request,
                                   OpenedSocket bound, Place place, AccessRecord record) {
  const config::Timeouts& timeouts = route.generation->config->network.timeouts;
  runtime::Socket listening(std::move(bound.socket));
  tl::expected<Incoming, Failure> incoming = tl::unexpected(Failure{Refusal::connect_timeout, {}});
  runtime::CancelScope* scope = co_await runtime::current_scope();
  runtime::CancelScope waiting(scope), watching(scope);
  bool gone = false;
  co_await both(wait_and_stop(client, listening, expected_peer(request, bound.terms),
                              runtime::Loop::current().after(timeouts.idle), incoming, watching)
                    .under(waiting),
                cancel_when_gone(client, waiting, gone).under(watching));
  if (gone && !incoming) co_return record_lost_client(client, *route.generation, std::move(record));
  if (!incoming) {
    co_await refuse_socks(client, route.generation, request.version, incoming.error(),
                          std::move(record));
    co_return;
  }
  record.upstream = incoming->peer;
  const bool granted =
      co_await send_answer(client, socks_granted(request.version, incoming->peer), timeouts.write);
  if (!granted) co_return record_lost_client(client, *route.generation, std::move(record));
  Upstream upstream;
  upstream.stream = std::make_unique<runtime::SocketStream>(std::move(incoming->socket));
  upstream.place = std::move(place);
  begin_tunnel(client, route, std::move(upstream), std::move(record));
}

}  // namespace

runtime::Task<void> run_socks_bind(Client& client, SocksRequest request) {
  const std::shared_ptr<const Generation> generation = client.acceptor.generation;
  const config::Timeouts& timeouts = generation->config->network.timeouts;
  const bool version4 = request.version == wire::socks::version4;
  AccessRecord record = client.new_record(version4 ? "socks4" : "socks5");
  record.method = "BIND";
  record.destination = wire::socks::to_host_port(request.address);
  auto routed =
      route(client, generation, record.destination,
            version4 ? config::MatchProtocol::socks4 : config::MatchProtocol::socks5, record);
  Place place;
  if (routed && routed->redirect != nullptr)
    routed = tl::unexpected(Failure{Refusal::rule_blocked, "a redirect needs HTTP"});
  if (routed) {
    BackendChoice choice(client.acceptor.balancer, generation, *routed->rule,
                         client.entry.client.address, client.entry.user().get());
    auto taken = choice.take_one(can_bind, "BIND needs a direct backend");
    if (taken) {
      routed->backend = taken->backend;
      record.backend = taken->backend->name;
      place = std::move(taken->place);
    } else {
      routed = tl::unexpected(taken.error());
    }
  }
  if (!routed) {
    co_await refuse_socks(client, generation, request.version, routed.error(), std::move(record));
    co_return;
  }
  client.entry.destination = record.destination.to_string();
  proto::BindTcp ask;
  ask.backend = routed->backend->name;
  ask.host = record.destination.host;
  ask.port = record.destination.port;
  ask.timeout_ms = static_cast<std::uint32_t>(timeouts.connect.count());
  auto bound =
      co_await client.acceptor.egress.ask(ask, runtime::Loop::current().after(timeouts.connect));
  if (!bound) {
    co_await refuse_socks(client, generation, request.version, bound.error(), std::move(record));
    co_return;
  }
  record.status = 200;
  client.entry.state = "waiting for a connection";
  const bool told = co_await send_answer(client, socks_granted(request.version, bound->terms.local),
                                         timeouts.write);
  if (!told) co_return record_lost_client(client, *generation, std::move(record));
  co_await relay_incoming(client, *routed, std::move(request), std::move(*bound), std::move(place),
                          std::move(record));
}

}  // namespace bulkhead::acceptor
