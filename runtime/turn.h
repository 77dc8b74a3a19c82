// Fairness between coroutines: a loop whose reads and writes never block (a fast peer on a fast
// network) would keep the event loop to itself. Such a loop passes its turn on now and then:
//
//   Turn turn;
//   while (...) { ...; co_await turn.pass(); }
#pragma once

#include <coroutine>

#include "runtime/loop.h"

namespace bulkhead::runtime {

class Turn {
 public:
  // One pass in so many waits for the loop's next round; the others cost nothing.
  static constexpr int rounds = 32;

  struct Pass {
    bool due;
    bool await_ready() const noexcept { return !due; }
    void await_suspend(std::coroutine_handle<> self) const { Loop::current().post(self); }
    void await_resume() const noexcept {}
  };

  Pass pass() {
    if (++count_ < rounds) return {false};
    count_ = 0;
    return {true};
  }

 private:
  int count_ = 0;
};

}  // namespace bulkhead::runtime
