// A client connection from accept to close: a coroutine of its own, which owns everything that
// belongs to the connection.
#pragma once

#include "proto/worker.h"
#include "workers/acceptor/acceptor.h"

namespace bulkhead::acceptor {

void start_session(Acceptor& acceptor, const proto::Listener& listener, platform::UniqueFd socket,
                   wire::Endpoint peer);

}  // namespace bulkhead::acceptor
