// Collects what the audit log is to keep and writes it to the store a second later, so that a flood
// costs one transaction a second. What cannot be stored waits, up to a bound; what is lost beyond
// it, or because too much of one kind happened, is counted and the count is logged.
//
// For the loop's thread.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>

#include "runtime/gate.h"
#include "workers/auth/store/store.h"
#include "workers/auth/thread_pool.h"

namespace bulkhead::auth {

class Journal {
 public:
  static constexpr std::size_t max_waiting = 10'000;
  // Of one kind in a second; more are only counted.
  static constexpr unsigned max_a_second = 100;

  // writer outlives this.
  explicit Journal(ThreadPool& writer) : writer_(writer) {}

  void add(AuditEntry entry);

  // Writes what waits; the store may be another each time.
  runtime::Task<void> flush(std::shared_ptr<Store> store);

 private:
  void note_lost();

  ThreadPool& writer_;
  std::deque<AuditEntry> waiting_;
  std::map<std::string, unsigned> this_second_;
  std::uint64_t lost_ = 0;
  bool flushing_ = false;
};

}  // namespace bulkhead::auth
