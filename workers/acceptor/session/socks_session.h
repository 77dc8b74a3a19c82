// SOCKS5 (RFC 1928), SOCKS4 and 4a: negotiation and request, then CONNECT, BIND or UDP ASSOCIATE.
#pragma once

#include "runtime/task.h"
#include "workers/acceptor/session/client.h"

namespace bulkhead::acceptor {

runtime::Task<void> serve_socks5(Client& client);
runtime::Task<void> serve_socks4(Client& client);

}  // namespace bulkhead::acceptor
