#include "workers/auth/desk/journal.h"

#include <chrono>

#include "runtime/log.h"

namespace bulkhead::auth {
namespace {

constexpr std::size_t at_once = 1'000;

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

void Journal::add(AuditEntry entry) {
  if (waiting_.size() >= max_waiting || ++this_second_[entry.kind] > max_a_second) {
    ++lost_;
    return;
  }
  entry.time_ms = now_ms();
  waiting_.push_back(std::move(entry));
}

void Journal::note_lost() {
  this_second_.clear();
  if (lost_ == 0 || waiting_.size() >= max_waiting) return;
  AuditEntry entry;
  entry.time_ms = now_ms();
  entry.kind = "not_kept";
  entry.detail = std::to_string(lost_) + " more events";
  waiting_.push_back(std::move(entry));
  lost_ = 0;
}

// Entries leave the queue once they are stored.
runtime::Task<void> Journal::flush(std::shared_ptr<Store> store) {
  note_lost();
  if (flushing_) co_return;
  flushing_ = true;
  while (!waiting_.empty()) {
    const std::size_t count = std::min(waiting_.size(), at_once);
    const std::vector<AuditEntry> entries(waiting_.begin(),
                                          waiting_.begin() + static_cast<std::ptrdiff_t>(count));
    std::function<Stored<void>()> work = [store, entries] { return store->append_audit(entries); };
    const auto done = co_await writer_.run<Stored<void>>(std::move(work));
    if (!done || !*done) {
      if (done)
        runtime::log::warn("the audit log cannot be written", {{"reason", done->error().text}});
      break;
    }
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
  }
  flushing_ = false;
}

}  // namespace bulkhead::auth
