// SOCKS5 UDP ASSOCIATE (RFC 1928 section 7).
//
// The egress makes every socket: one that the client sends to, connected ("pinned") to the client
// once its first datagram shows its port, and one for each destination, connected to it after the
// destination policy has had its say. The acceptor can therefore neither send to nor hear from
// anybody that the egress did not agree to. Everything ends with the TCP connection that asked for
// it.
#pragma once

#include "runtime/task.h"
#include "workers/acceptor/session/client.h"
#include "workers/acceptor/session/socks_request.h"

namespace bulkhead::acceptor {

runtime::Task<void> run_udp_association(Client& client, SocksRequest request);

}  // namespace bulkhead::acceptor
