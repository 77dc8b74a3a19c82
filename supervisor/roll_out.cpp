#include "supervisor/roll_out.h"

#include "runtime/gate.h"

namespace bulkhead::supervisor {
namespace {

runtime::Task<void> ask(std::shared_ptr<WorkerProcess> worker,
                        std::shared_ptr<const Generation> generation, runtime::Gate::Pass,
                        std::string& refusal) {
  const std::string error = co_await worker->prepare(generation);
  if (!error.empty() && refusal.empty()) refusal = worker->name() + ": " + error;
}

}  // namespace

runtime::Task<std::string> roll_out(std::vector<std::shared_ptr<WorkerProcess>> workers,
                                    std::shared_ptr<const Generation> generation,
                                    std::function<std::string()> before_commit) {
  std::string refusal;
  runtime::Gate asked;
  for (const auto& worker : workers)
    runtime::spawn(ask(worker, generation, asked.enter(), refusal));
  co_await asked.empty_uncancelled();
  if (refusal.empty()) refusal = before_commit();
  for (const auto& worker : workers) {
    if (!refusal.empty())
      worker->abort(*generation);
    else
      worker->commit(*generation);
  }
  co_return refusal;
}

}  // namespace bulkhead::supervisor
