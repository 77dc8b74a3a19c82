#include "supervisor/control/counters.h"

#include <algorithm>

#include "runtime/gate.h"

namespace bulkhead::supervisor {
namespace {

runtime::Task<void> ask(std::shared_ptr<WorkerProcess> acceptor, runtime::Gate::Pass,
                        proto::Counters& sum) {
  const auto deadline = runtime::Loop::current().after(query_timeout);
  const auto reply = co_await acceptor->channel().call(proto::QueryCounters{}, deadline);
  if (!reply) co_return;
  if (const auto counters = reply->as<proto::Counters>()) add_counters(sum, *counters);
}

}  // namespace

void add_counters(proto::Counters& sum, const proto::Counters& part) {
  sum.active += part.active;
  sum.accepted += part.accepted;
  sum.refused += part.refused;
  sum.up += part.up;
  sum.down += part.down;
  for (const proto::BackendCounter& backend : part.backends.items) {
    auto& items = sum.backends.items;
    const auto same = std::find_if(items.begin(), items.end(), [&](const auto& item) {
      return item.backend == backend.backend;
    });
    if (same == items.end()) {
      sum.backends.push(backend);
      continue;
    }
    same->active += backend.active;
    same->opened += backend.opened;
    same->failed += backend.failed;
  }
}

runtime::Task<proto::Counters> collect_counters(Workforce& workforce) {
  proto::Counters sum;
  runtime::Gate asked;
  for (const auto& acceptor : workforce.acceptors())
    runtime::spawn(ask(acceptor, asked.enter(), sum));
  co_await asked.empty_uncancelled();
  co_return sum;
}

}  // namespace bulkhead::supervisor
