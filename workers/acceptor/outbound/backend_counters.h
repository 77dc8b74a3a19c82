// How often each backend was used: its slot in the page of counters, and how an open connection
// stands in it for as long as it lives.
#pragma once

#include <string_view>
#include <utility>

#include "workers/acceptor/observe/counters.h"

namespace bulkhead::acceptor {

using BackendCount = ipc::BackendCounters;

class BackendCounters {
 public:
  // Counts one open connection for as long as it lives.
  class Use {
   public:
    Use() = default;  // of nothing
    explicit Use(BackendCount& count) : Use(taken_over(count)) { count.opened.add(1); }
    // One that another process has opened, and counted.
    static Use taken_over(BackendCount& count) {
      Use use;
      use.count_ = &count;
      count.active.add(1);
      return use;
    }
    Use(Use&& other) noexcept : count_(other.count_) { other.count_ = nullptr; }
    Use& operator=(Use&& other) noexcept {
      std::swap(count_, other.count_);
      return *this;
    }
    ~Use() {
      if (count_ != nullptr) count_->active.subtract(1);
    }

   private:
    BackendCount* count_ = nullptr;
  };

  explicit BackendCounters(Counters& counters) : counters_(counters) {}

  // The reference stays valid: backends are few and never forgotten.
  BackendCount& of(std::string_view backend) { return counters_.backend(backend); }

 private:
  Counters& counters_;
};

}  // namespace bulkhead::acceptor
