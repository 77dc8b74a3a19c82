// A number in a shared page: one process writes it, any may read it. The writer needs no locked
// instruction, because nobody else writes.
#pragma once

#include <atomic>
#include <cstdint>

namespace bulkhead::ipc {

class Counter {
 public:
  void add(std::uint64_t count) {
    value_.store(value_.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
  }
  void subtract(std::uint64_t count) { add(std::uint64_t{0} - count); }
  void set(std::uint64_t value) { value_.store(value, std::memory_order_relaxed); }
  std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
  std::atomic<std::uint64_t> value_;
};

}  // namespace bulkhead::ipc
