// `proxyctl backend test`: goes the way a client's connection would go, to the last parent or on to
// a destination, and says how far it came and how long each part took.
#pragma once

#include "proto/command.h"
#include "workers/acceptor/outbound/opener.h"

namespace bulkhead::acceptor {

// ok with remote 0.0.0.0:0 for a backend that opens nothing by itself (direct without a
// destination, echo).
runtime::Task<proto::BackendTested> try_backend(EgressLink& egress, BackendCounters& counters,
                                                std::shared_ptr<const Generation> generation,
                                                proto::TestBackend request);

}  // namespace bulkhead::acceptor
