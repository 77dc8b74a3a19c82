// Two phases: every worker prepares the generation and says so, then all change over, or none does.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/task.h"
#include "supervisor/worker_process.h"

namespace bulkhead::supervisor {

// before_commit: the last chance to refuse, and what has to be true before anybody commits; empty
// text lets it pass. Returns why nobody changed over; empty when all did.
runtime::Task<std::string> roll_out(std::vector<std::shared_ptr<WorkerProcess>> workers,
                                    std::shared_ptr<const Generation> generation,
                                    std::function<std::string()> before_commit);

}  // namespace bulkhead::supervisor
