// Opens the way out for a connection that will be a tunnel: the rule's backends, one after the
// other, until one connects. Nothing of the client's is sent before.
#pragma once

#include "runtime/task.h"
#include "workers/acceptor/session/client.h"

namespace bulkhead::acceptor {

// To record.destination; an upstream without a stream is the echo backend. Notes in route, record
// and the table of connections which backend it is, or was tried last. Refusals: those of
// BackendChoice::next() and open_upstream(). came_via: what the client's CONNECT says in Via.
runtime::Task<tl::expected<Upstream, Failure>> open_way_out(Client& client, Route& route,
                                                            AccessRecord& record,
                                                            std::string came_via = {});

}  // namespace bulkhead::acceptor
