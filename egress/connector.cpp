#include "egress/connector.h"

#include <utility>

#include "egress/connect_error.h"
#include "platform/socket.h"
#include "runtime/loop.h"

namespace bulkhead::egress {
namespace {

using std::chrono::microseconds;

microseconds since(runtime::Deadline start) {
  return std::chrono::duration_cast<microseconds>(runtime::Clock::now() - start);
}

tl::unexpected<Failure> failure_of(const platform::Error& error, const wire::Endpoint& peer) {
  return tl::unexpected(connect_failure(error, peer.to_string()));
}

// Connecting a UDP socket sends nothing: it asks for the route.
Connector::Outcome connect_udp(const wire::Endpoint& peer) {
  auto socket = platform::create_udp(peer.address);
  if (!socket) return failure_of(socket.error(), peer);
  if (const auto started = platform::start_connect(socket->get(), peer); !started) {
    return failure_of(started.error(), peer);
  }
  const auto local = platform::local_endpoint(socket->get());
  if (!local) return failure_of(local.error(), peer);
  return Connected{std::move(*socket), *local, peer, microseconds(0), microseconds(0)};
}

// The first peer that has a route, or the most telling failure.
Connector::Outcome connect_udp_to_any(const std::vector<wire::Endpoint>& peers) {
  Connector::Outcome best = connect_udp(peers.front());
  for (std::size_t i = 1; i < peers.size() && !best; ++i) {
    Connector::Outcome next = connect_udp(peers[i]);
    if (next || &more_telling(best.error(), next.error()) == &next.error()) best = std::move(next);
  }
  return best;
}

Connector::Outcome listen_for(const wire::IpAddress& local, const wire::Endpoint& peer) {
  const platform::ListenOptions options{1, false, false};
  auto socket = platform::listen_tcp({local, 0}, options);
  if (!socket) return failure_of(socket.error(), peer);
  const auto bound = platform::local_endpoint(socket->get());
  if (!bound) return failure_of(bound.error(), peer);
  return Connected{std::move(*socket), *bound, peer, microseconds(0), microseconds(0)};
}

// For a peer that is not known yet: where the default route starts. The addresses are for
// documentation (RFC 5737, RFC 3849); nothing is sent to them.
Connector::Outcome listen_for_anybody(const wire::Endpoint& anybody) {
  const auto far = wire::IpAddress::parse(anybody.address.is_v4() ? "192.0.2.1" : "2001:db8::1");
  const Connector::Outcome route = connect_udp({*far, 9});
  return listen_for(route ? route->local.address : anybody.address, anybody);
}

constexpr std::uint16_t any_port = 9;  // for asking after a route to a peer whose port is not known

}  // namespace

runtime::Task<tl::expected<Connector::Candidates, Failure>> Connector::find(
    wire::HostPort destination, Check check, runtime::Deadline deadline) {
  const auto start = runtime::Clock::now();
  auto resolved = co_await resolver_.resolve(destination.host, deadline);
  if (!resolved) co_return tl::unexpected(std::move(resolved.error()));
  Candidates candidates;
  candidates.resolve_time = since(start);
  auto peers = check == Check::policy ? allowed(*resolved, destination.port)
                                      : elsewhere(*resolved, destination.port);
  if (!peers) co_return tl::unexpected(std::move(peers.error()));
  candidates.peers = std::move(*peers);
  co_return candidates;
}

tl::expected<std::vector<wire::Endpoint>, Failure> Connector::allowed(const Resolved& resolved,
                                                                      std::uint16_t port) const {
  std::vector<wire::Endpoint> peers;
  std::string refused;
  for (const wire::IpAddress& address : resolved.addresses) {
    const wire::Endpoint peer{address, port};
    if (const auto denied = policy_.check(peer)) {
      refused = peer.to_string() + ": " + std::string(denied->reason);
    } else {
      peers.push_back(peer);
    }
  }
  if (peers.empty()) return failed(proto::Refusal::destination_denied, refused);
  return peers;
}

// Whatever `allow` names: one request through a parent that is this very proxy is a request to it.
tl::expected<std::vector<wire::Endpoint>, Failure> Connector::elsewhere(const Resolved& resolved,
                                                                        std::uint16_t port) const {
  std::vector<wire::Endpoint> peers;
  for (const wire::IpAddress& address : resolved.addresses) {
    if (!policy_.is_own_listener({address, port})) peers.push_back({address, port});
  }
  if (peers.empty())
    return failed(proto::Refusal::loop_detected, "the parent is this proxy's own listener");
  return peers;
}

runtime::Task<Connector::Outcome> Connector::open_tcp(wire::HostPort destination,
                                                      runtime::Deadline deadline) {
  return connect(std::move(destination), Check::policy, deadline);
}

runtime::Task<Connector::Outcome> Connector::open_parent(wire::HostPort parent,
                                                         runtime::Deadline deadline) {
  return connect(std::move(parent), Check::none, deadline);
}

runtime::Task<Connector::Outcome> Connector::connect(wire::HostPort destination, Check check,
                                                     runtime::Deadline deadline) {
  if (destination.port == 0) co_return failed(proto::Refusal::bad_request, "port 0");
  auto candidates = co_await find(std::move(destination), check, deadline);
  if (!candidates) co_return tl::unexpected(std::move(candidates.error()));
  const auto start = runtime::Clock::now();
  runtime::CancelScope* scope = co_await runtime::current_scope();
  Race race(scope);
  auto winner = co_await race.run(interleave(candidates->peers), deadline);
  if (!winner) co_return tl::unexpected(std::move(winner.error()));
  co_return Connected{std::move(winner->socket), winner->local, winner->remote,
                      candidates->resolve_time, since(start)};
}

runtime::Task<Connector::Outcome> Connector::open_udp(wire::HostPort destination,
                                                      runtime::Deadline deadline) {
  if (destination.port == 0) co_return failed(proto::Refusal::bad_request, "port 0");
  auto candidates = co_await find(std::move(destination), Check::policy, deadline);
  if (!candidates) co_return tl::unexpected(std::move(candidates.error()));
  Outcome outcome = connect_udp_to_any(candidates->peers);
  if (outcome) outcome->resolve_time = candidates->resolve_time;
  co_return outcome;
}

runtime::Task<Connector::Outcome> Connector::bind_tcp(wire::HostPort peer,
                                                      runtime::Deadline deadline) {
  if (const auto literal = peer.literal(); literal && literal->is_unspecified()) {
    co_return listen_for_anybody({*literal, peer.port});
  }
  const std::uint16_t port = peer.port;
  auto candidates = co_await find(std::move(peer), Check::policy, deadline);
  if (!candidates) co_return tl::unexpected(std::move(candidates.error()));
  std::vector<wire::Endpoint> peers = candidates->peers;
  for (wire::Endpoint& each : peers) {
    if (each.port == 0) each.port = any_port;
  }
  Outcome route = connect_udp_to_any(peers);
  if (!route) co_return route;
  Outcome outcome = listen_for(route->local.address, {route->remote.address, port});
  if (outcome) outcome->resolve_time = candidates->resolve_time;
  co_return outcome;
}

}  // namespace bulkhead::egress
