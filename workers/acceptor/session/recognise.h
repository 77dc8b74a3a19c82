// The first octets of a connection: a PROXY header where the listener has one, then which protocol
// the client speaks.
#pragma once

#include <optional>

#include "runtime/task.h"
#include "workers/acceptor/session/client.h"

namespace bulkhead::acceptor {

enum class FrontProtocol { http, socks4, socks5 };

// Nothing if the connection is to be closed; a refusal has been recorded then, unless the client
// never said anything.
runtime::Task<std::optional<FrontProtocol>> recognise(Client& client);

}  // namespace bulkhead::acceptor
