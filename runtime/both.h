// co_await both(a, b): runs two tasks side by side under the caller's scope and goes on when both
// have ended.
#pragma once

#include <coroutine>
#include <utility>

#include "runtime/task.h"

namespace bulkhead::runtime {

class Both {
 public:
  Both(Task<void> first, Task<void> second)
      : first_(std::move(first)), second_(std::move(second)) {}

  bool await_ready() const noexcept { return false; }
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> caller) {
    caller_ = caller;
    CancelScope* scope = caller.promise().scope;
    pending_ = 3;  // two tasks, and this function itself
    run(*this, scope, first_);
    run(*this, scope, second_);
    return --pending_ != 0;
  }
  void await_resume() const noexcept {}

 private:
  static detail::Detached run(Both& self, CancelScope*, Task<void>& task) {
    co_await std::move(task);
    if (--self.pending_ == 0) self.caller_.resume();
  }

  Task<void> first_, second_;
  std::coroutine_handle<> caller_;
  int pending_ = 0;
};

inline Both both(Task<void> first, Task<void> second) {
  return {std::move(first), std::move(second)};
}

}  // namespace bulkhead::runtime
