#include "workers/acceptor/policy/usage_report.h"

#include <sodium.h>
#include <utility>

#include "runtime/timer.h"

namespace bulkhead::acceptor {
namespace {

constexpr runtime::Duration interval{1'000};
constexpr runtime::Duration patience{10'000};

}  // namespace

UsageReport::UsageReport(Authenticator& authenticator, ConnectionTable& connections)
    : authenticator_(authenticator), connections_(connections) {
  // The store's numbers are signed.
  randombytes_buf(&source_, sizeof source_);
  source_ >>= 1;
}

void UsageReport::collect() {
  for (const auto& [id, entry] : connections_.entries()) entry->settle();
  if (pending_) return;
  proto::ReportUsage report;
  for (const auto& [name, user] : authenticator_.users().all()) {
    if (user->unreported.empty()) continue;
    const Traffic& traffic = user->unreported;
    if (!report.users.push({name, traffic.up, traffic.down, traffic.requests})) break;
    user->unreported = {};
  }
  authenticator_.users().forget_absent();
  if (report.users.items.empty()) return;
  report.source = source_;
  report.batch = ++last_batch_;
  pending_ = std::move(report);
}

// True if nothing waits to be acknowledged.
runtime::Task<bool> UsageReport::send(runtime::Deadline deadline) {
  if (!pending_) co_return true;
  if (!authenticator_.is_needed()) co_return false;
  runtime::Task<std::optional<ipc::Envelope>> asking = authenticator_.request(*pending_, deadline);
  const auto reply = co_await std::move(asking);
  const auto stored = reply ? reply->as<proto::UsageStored>() : std::nullopt;
  if (!stored || stored->batch != last_batch_) co_return false;
  pending_.reset();
  co_return true;
}

runtime::Task<void> UsageReport::run() {
  for (bool going_on = true; going_on;) {
    collect();
    co_await send(runtime::Loop::current().after(patience));
    going_on = co_await runtime::sleep_for(interval);
  }
}

runtime::Task<void> UsageReport::finish(runtime::Deadline deadline) {
  for (bool done = false; !done;) {
    const bool had_pending = pending_.has_value();
    collect();
    if (!pending_) co_return;
    const bool sent = co_await send(deadline);
    done = !sent || !had_pending;
  }
}

}  // namespace bulkhead::acceptor
