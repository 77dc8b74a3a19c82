// The raw part of a session: open the way out, and relay until both sides have ended. Shared by
// CONNECT, SOCKS and upgraded HTTP.
#pragma once

#include "runtime/relay.h"
#include "workers/acceptor/outbound/upstream.h"
#include "workers/acceptor/session/client.h"

namespace bulkhead::acceptor {

// Relays under the generation's time-outs, first passing on what has been read from the client
// already, and writes the record.
runtime::Task<void> run_tunnel(Client& client, const Route& route, runtime::Stream& upstream,
                               AccessRecord record);

// The same with the echo backend.
runtime::Task<void> run_echo(Client& client, const Route& route, AccessRecord record);

}  // namespace bulkhead::acceptor
