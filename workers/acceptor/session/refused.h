// A connection that is refused, but answered in its own protocol: whatever it asks for, it is told
// why not. Only few are at a time, and none for long; those beyond are closed without a word.
#pragma once

#include <cstdint>
#include <utility>

#include "egress/failure.h"
#include "runtime/loop.h"
#include "runtime/waiter.h"

namespace bulkhead::acceptor {

// How many connections are being told no.
struct RefusedCount {
  static constexpr std::uint32_t most = 64;
  std::uint32_t now = 0;
  bool full() const { return now >= most; }
};

class Refused final : runtime::TimerNode {
 public:
  static constexpr runtime::Duration time{2'000};

  // Cancels the scope when the time is over. All outlive this.
  Refused(egress::Failure failure, RefusedCount& count, runtime::CancelScope& scope)
      : failure_(std::move(failure)), count_(count), scope_(scope) {
    ++count_.now;
    arm(runtime::Loop::current().after(time));
  }
  ~Refused() { --count_.now; }

  const egress::Failure& failure() const { return failure_; }

 private:
  void on_timeout() override { scope_.cancel(); }

  egress::Failure failure_;
  RefusedCount& count_;
  runtime::CancelScope& scope_;
};

}  // namespace bulkhead::acceptor
