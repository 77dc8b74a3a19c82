// What the shared pages tell of a backend, for `backend list`.
#pragma once

#include "proto/command.h"
#include "supervisor/shared_pages.h"

namespace bulkhead::supervisor {

// Health, circuit, and connections of a backend of the configuration in force.
void describe_state(proto::BackendRow& row, const config::Backend& backend,
                    const config::Config& config, const SharedPages& pages);

// A backend that was removed and still carries connections.
proto::BackendRow leaving_row(const SharedPages::Leaving& leaving, const SharedPages& pages);

}  // namespace bulkhead::supervisor
