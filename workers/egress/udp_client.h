// The client's side of SOCKS UDP ASSOCIATE: sockets that only the owner of a TCP connection can
// use.
//
// The acceptor has no network of its own, so it asks here; what it may get is bound to what the
// kernel says of the client's TCP connection, not to what the acceptor says.
#pragma once

#include "egress/connector.h"

namespace bulkhead::egress_worker {

// An unconnected UDP socket on the address that the connection came in on. `remote` is the client's
// address, port 0. client_denied if connection is no connected TCP socket.
egress::Connector::Outcome open_udp_client(int connection);

// Connects that socket to source. client_denied unless source has the address of the connection's
// peer and a port, and socket is an unconnected datagram socket bound to the connection's local
// address.
egress::Connector::Outcome pin_udp_client(int connection, platform::UniqueFd socket,
                                          const wire::Endpoint& source);

}  // namespace bulkhead::egress_worker
