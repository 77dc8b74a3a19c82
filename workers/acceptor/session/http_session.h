// HTTP/1.1 on the client's side (RFC 9112): one request after the other on one connection, each
// routed for itself.
#pragma once

#include "runtime/task.h"
#include "workers/acceptor/session/client.h"

namespace bulkhead::acceptor {

runtime::Task<void> serve_http(Client& client);

}  // namespace bulkhead::acceptor
