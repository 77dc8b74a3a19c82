// One active check of one backend, made through the backend itself: over the parents it is reached
// through, with their TLS and logins, and past it to the check's target.
//
// Addresses that a check names are the operator's, so the destination policy has no say about them.
#pragma once

#include <memory>
#include <string>

#include "egress/parent/chain.h"
#include "runtime/task.h"
#include "workers/egress/generation.h"
#include "workers/egress/health/tracker.h"

namespace bulkhead::egress_worker {

// Whom to trust, by name of the backend.
struct ProbeTrust {
  egress::TlsContexts parents;
  egress::TlsContexts urls;  // of checks of type http whose URL is https
};

// error: why a CA file cannot be used.
std::shared_ptr<const ProbeTrust> make_probe_trust(const config::Config& config,
                                                   std::string& error);

// name: of a backend of the generation with a health_check. When the scope is cancelled the result
// means nothing.
runtime::Task<ProbeResult> probe(GenerationPtr generation, std::shared_ptr<const ProbeTrust> trust,
                                 std::string name, runtime::Deadline deadline);

}  // namespace bulkhead::egress_worker
