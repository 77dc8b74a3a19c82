// The raw part of a session: relay until both sides have ended. Shared by CONNECT, SOCKS and
// upgraded HTTP.
//
// A session that has opened the way out calls begin_tunnel() and returns; run_tunnel() then does
// the rest without any of the session's frames. A tunnel between plain sockets that lives on goes
// over to flows/flow_keeper.h, where it needs no frame at all.
#pragma once

#include "runtime/relay.h"
#include "workers/acceptor/session/client.h"
#include "workers/acceptor/session/traffic.h"

namespace bulkhead::acceptor {

// Leaves what run_tunnel() needs with the client. An upstream without a stream is the echo backend.
void begin_tunnel(Client& client, const Route& route, Upstream upstream, AccessRecord record);

// Relays client.tunnel under the generation's time-outs, first passing on what has been read from
// the client already, and writes the record. `settled`: the tunnel lives on, see Tunnel::settled.
runtime::Task<runtime::RelayEnd> run_tunnel(Client& client);

// As the configuration has it, for what is relayed from now on.
runtime::RelayMode relay_mode(const config::Config& config);

// What watches a tunnel's bytes as they move. The record outlives it.
struct TunnelWatch {
  TunnelWatch(Client& client, AccessRecord& record) : traffic(client, record) {}

  // The generation's terms, and these watchers.
  runtime::RelayOptions options(const Route& route);

  MeteredTraffic traffic;
};

// The relay has ended, and what it counted is final.
void hide_counters(ConnectionEntry& entry, const runtime::RelayCounters& counters);
// Writes the record of client.tunnel, whose counters are final.
void account(Client& client, runtime::RelayEnd end);

}  // namespace bulkhead::acceptor
