// The raw part of a session: relay until both sides have ended. Shared by CONNECT, SOCKS and
// upgraded HTTP.
//
// A session that has opened the way out calls begin_tunnel() and returns; run_tunnel() then does
// the rest without any of the session's frames.
#pragma once

#include "runtime/relay.h"
#include "workers/acceptor/session/client.h"

namespace bulkhead::acceptor {

// Leaves what run_tunnel() needs with the client.
void begin_tunnel(Client& client, const Route& route, Upstream upstream, AccessRecord record);
// The same with the echo backend.
void begin_echo(Client& client, const Route& route, AccessRecord record);

// Relays client.tunnel under the generation's time-outs, first passing on what has been read from
// the client already, and writes the record.
runtime::Task<runtime::RelayEnd> run_tunnel(Client& client);

}  // namespace bulkhead::acceptor
