// Counts what is under way, so that an owner can wait for all of it to end before it goes: each
// user holds a Gate::Pass. The gate must outlive its passes; that is what waiting for empty() is
// for.
#pragma once

#include <cstddef>
#include <utility>

#include "runtime/event.h"

namespace bulkhead::runtime {

class Gate {
 public:
  class Pass {
   public:
    explicit Pass(Gate& gate) : gate_(&gate) {
      ++gate.count_;
      gate.empty_.reset();
    }
    Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Pass& operator=(Pass&&) = delete;
    ~Pass() {
      if (gate_ != nullptr && --gate_->count_ == 0) gate_->empty_.set();
    }

   private:
    Gate* gate_;
  };

  Gate() { empty_.set(); }
  Pass enter() { return Pass(*this); }
  std::size_t count() const { return count_; }
  Event::Wait empty(Deadline deadline = never) { return empty_.wait(deadline); }
  Event::Wait empty_uncancelled() { return empty_.wait_uncancelled(); }

 private:
  std::size_t count_ = 0;
  Event empty_;
};

}  // namespace bulkhead::runtime
