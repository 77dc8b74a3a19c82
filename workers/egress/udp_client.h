// The client's side of SOCKS UDP ASSOCIATE: sockets that only the owner of a TCP connection can
// use.
//
// The acceptor has no network of its own, so it asks here; what it may get is bound to what the
// kernel says of the client's TCP connection, not to what the acceptor says.
#pragma once

#include <span>

#include "egress/connector.h"

namespace bulkhead::egress_worker {

// Where clients come in. Only a connection that came in there is a client's: one that this process
// opened for the acceptor, or that was accepted for SOCKS BIND, must not be passed off as one.
using Listeners = std::span<const wire::Endpoint>;

// An unconnected UDP socket on the address that the connection came in on. `remote` is the client's
// address, port 0. client_denied if connection is no client's connected TCP socket.
egress::Connector::Outcome open_udp_client(int connection, Listeners listeners);

// Connects that socket to source. client_denied unless source has the address of the connection's
// peer and a port, and socket is an unconnected datagram socket bound to the connection's local
// address.
egress::Connector::Outcome pin_udp_client(int connection, platform::UniqueFd socket,
                                          const wire::Endpoint& source, Listeners listeners);

// The socket itself if the destination policy allows its peer.
egress::Connector::Outcome admit_peer(platform::UniqueFd connection,
                                      const egress::DestinationPolicy& policy);

}  // namespace bulkhead::egress_worker
