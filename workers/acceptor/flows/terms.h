// Between what a session knows about its tunnel and what is written in the flow's record.
#pragma once

#include "ipc/page/flow_terms.h"
#include "runtime/relay.h"
#include "workers/acceptor/observe/access_record.h"

namespace bulkhead::acceptor {

ipc::FlowTerms terms_of(const AccessRecord& record, const runtime::RelayOptions& options);

// The record as it was when the tunnel began; `began` is on the steady clock.
AccessRecord record_of(const ipc::FlowTerms& terms, std::uint64_t id,
                       std::chrono::steady_clock::time_point began);

// Puts the terms' time-outs into options; they came from another process, so they are bounded.
void apply(const ipc::FlowTerms& terms, runtime::RelayOptions& options);

}  // namespace bulkhead::acceptor
