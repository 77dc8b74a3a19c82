#include "workers/egress/udp_client.h"

#include <algorithm>
#include <optional>
#include <sys/socket.h>
#include <utility>

#include "egress/connect_error.h"
#include "platform/socket.h"

namespace bulkhead::egress_worker {
namespace {

using Outcome = egress::Connector::Outcome;

struct Connection {
  wire::Endpoint local, peer;
};

tl::unexpected<egress::Failure> denied(const char* why) {
  return egress::failed(proto::Refusal::client_denied, why);
}

bool is_of_type(int socket, int wanted) {
  int type = 0;
  socklen_t length = sizeof type;
  return ::getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == wanted;
}

bool came_in(const wire::Endpoint& local, Listeners listeners) {
  return std::any_of(listeners.begin(), listeners.end(), [&](const wire::Endpoint& listener) {
    const bool same_address =
        listener.address.is_unspecified() || listener.address == local.address;
    return listener.port == local.port && same_address;
  });
}

std::optional<Connection> connection_of(int socket, Listeners listeners) {
  if (!is_of_type(socket, SOCK_STREAM)) return std::nullopt;
  const auto local = platform::local_endpoint(socket);
  const auto peer = platform::peer_endpoint(socket);
  if (!local || !peer || !came_in(*local, listeners)) return std::nullopt;
  return Connection{*local, *peer};
}

tl::unexpected<egress::Failure> failure_of(const platform::Error& error) {
  return tl::unexpected(
      egress::Failure{egress::refusal_for_errno(error.code.value()), error.to_string()});
}

// Null if the socket may be connected to source, else why not.
const char* why_not(const Connection& client, int socket, const wire::Endpoint& source) {
  if (source.address != client.peer.address) return "the source is not the client's address";
  if (source.port == 0) return "the source has no port";
  if (!is_of_type(socket, SOCK_DGRAM)) return "no datagram socket";
  if (platform::peer_endpoint(socket)) return "the socket is connected already";
  const auto bound = platform::local_endpoint(socket);
  if (!bound || bound->port == 0 || bound->address != client.local.address) {
    return "the socket is not bound to the client's side";
  }
  return nullptr;
}

}  // namespace

Outcome open_udp_client(int connection, Listeners listeners) {
  const auto client = connection_of(connection, listeners);
  if (!client) return denied("not a connection of a client");
  auto socket = platform::create_udp(client->local.address);
  if (!socket) return failure_of(socket.error());
  if (const auto bound = platform::bind_socket(socket->get(), {client->local.address, 0}); !bound) {
    return failure_of(bound.error());
  }
  const auto local = platform::local_endpoint(socket->get());
  if (!local) return failure_of(local.error());
  return egress::Connected{std::move(*socket), *local, {client->peer.address, 0}, {}, {}};
}

Outcome pin_udp_client(int connection, platform::UniqueFd socket, const wire::Endpoint& source,
                       Listeners listeners) {
  const auto client = connection_of(connection, listeners);
  if (!client) return denied("not a connection of a client");
  if (const char* why = why_not(*client, socket.get(), source)) return denied(why);
  const auto connected = platform::start_connect(socket.get(), source);
  if (!connected) return failure_of(connected.error());
  const auto local = platform::local_endpoint(socket.get());
  if (!local) return failure_of(local.error());
  return egress::Connected{std::move(socket), *local, source, {}, {}};
}

Outcome admit_peer(platform::UniqueFd connection, const egress::DestinationPolicy& policy) {
  const auto local = platform::local_endpoint(connection.get());
  const auto peer = platform::peer_endpoint(connection.get());
  if (!local || !peer) return denied("no connected socket");
  if (const auto refused = policy.check(*peer)) {
    return egress::failed(proto::Refusal::destination_denied, std::string(refused->reason));
  }
  return egress::Connected{std::move(connection), *local, *peer, {}, {}};
}

}  // namespace bulkhead::egress_worker
