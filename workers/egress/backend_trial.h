// `proxyctl backend test`: goes the way a client's connection would go, to the last parent or on to
// a destination, and says how far it came and how long each part took.
#pragma once

#include "proto/command.h"
#include "runtime/task.h"
#include "workers/egress/generation.h"

namespace bulkhead::egress_worker {

// The answer's resolve and connect times are those of the first socket; handshake is all that
// parents were asked for. ok with remote 0.0.0.0:0 for a direct backend without a destination:
// nothing was to be opened.
runtime::Task<proto::BackendTested> test_backend(GenerationPtr generation,
                                                 proto::TestBackend request,
                                                 runtime::Deadline deadline);

}  // namespace bulkhead::egress_worker
