// A client connection from accept to close: a coroutine of its own, which owns everything that
// belongs to the connection.
#pragma once

#include "proto/worker.h"
#include "runtime/relay.h"
#include "workers/acceptor/acceptor.h"
#include "workers/acceptor/policy/client_place.h"

namespace bulkhead::acceptor {

// place: the connection's; refused: why it has none, which is all that it is going to be told.
void start_session(Acceptor& acceptor, const proto::Listener& listener, platform::UniqueFd socket,
                   wire::Endpoint peer, ClientPlace place, std::optional<Failure> refused);

struct Client;

// What is left to do for a client whose tunnel has ended elsewhere than in its session.
void end_session(std::unique_ptr<Client> client, runtime::RelayEnd end);

}  // namespace bulkhead::acceptor
