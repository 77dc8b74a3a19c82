// The counters of all acceptors as one.
#pragma once

#include "proto/worker.h"
#include "runtime/task.h"
#include "supervisor/workforce.h"

namespace bulkhead::supervisor {

// An acceptor that does not answer within a second is left out.
inline constexpr runtime::Duration query_timeout{1'000};

runtime::Task<proto::Counters> collect_counters(Workforce& workforce);

// Adds part to sum, backends by name.
void add_counters(proto::Counters& sum, const proto::Counters& part);

}  // namespace bulkhead::supervisor
