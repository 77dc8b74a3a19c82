// co_await sleep_until(deadline): true when the time came, false when the scope was cancelled
// first.
#pragma once

#include <coroutine>

#include "runtime/loop.h"

namespace bulkhead::runtime {

class Sleep : Blocked {
 public:
  explicit Sleep(Deadline deadline) : deadline_(deadline) {}

  bool await_ready() const noexcept { return false; }
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    CancelScope* scope = self.promise().scope;
    if (scope != nullptr && scope->cancelled()) {
      completed_ = false;
      return false;
    }
    suspend(self, scope, deadline_);
    return true;
  }
  bool await_resume() const noexcept { return completed_; }

 private:
  void on_wake(Wake wake) noexcept override { completed_ = wake == Wake::timed_out; }

  Deadline deadline_;
  bool completed_ = true;
};

inline Sleep sleep_until(Deadline deadline) {
  return Sleep(deadline);
}
inline Sleep sleep_for(Duration duration) {
  return Sleep(Loop::current().after(duration));
}

}  // namespace bulkhead::runtime
