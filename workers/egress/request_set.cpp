#include "workers/egress/request_set.h"

#include <utility>

namespace bulkhead::egress_worker {

RequestSet::Begun RequestSet::begin(std::uint32_t id, runtime::Task<void> work) {
  if (scopes_.contains(id)) return Begun::id_in_use;
  if (scopes_.size() >= max_requests) return Begun::overloaded;
  runtime::spawn(run(id, std::move(work)));
  return Begun::yes;
}

runtime::Task<void> RequestSet::run(std::uint32_t id, runtime::Task<void> work) {
  const runtime::Gate::Pass pass = gate_.enter();
  runtime::CancelScope scope(&scope_);
  scopes_[id] = &scope;
  co_await std::move(work).under(scope);
  scopes_.erase(id);
}

void RequestSet::cancel(std::uint32_t id) {
  if (const auto found = scopes_.find(id); found != scopes_.end()) found->second->cancel();
}

runtime::Task<void> RequestSet::end() {
  scope_.cancel();
  runtime::CancelScope uncancelled;
  runtime::Task<void> all = wait_for_all();
  co_await std::move(all).under(uncancelled);
}

runtime::Task<void> RequestSet::wait_for_all() {
  co_await gate_.empty();
}

}  // namespace bulkhead::egress_worker
