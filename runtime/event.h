// An event that coroutines wait for: set() wakes all who wait now; it stays set until reset().
#pragma once

#include <coroutine>

#include "runtime/loop.h"

namespace bulkhead::runtime {

class Event {
 public:
  enum class Result { set, timed_out, cancelled };

  class Wait : Blocked {
   public:
    Wait(Event& event, Deadline deadline, bool cancellable)
        : event_(event), deadline_(deadline), cancellable_(cancellable) {}

    bool await_ready() const noexcept { return event_.set_; }
    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> self) {
      CancelScope* scope = cancellable_ ? self.promise().scope : nullptr;
      if (scope != nullptr && scope->cancelled()) {
        result_ = Result::cancelled;
        return false;
      }
      self_ = self;
      next_ = event_.first_;
      event_.first_ = this;
      suspend(self, scope, deadline_);
      return true;
    }
    Result await_resume() const noexcept { return result_; }

   private:
    friend class Event;
    void on_wake(Wake wake) noexcept override {
      result_ = wake == Wake::timed_out ? Result::timed_out : Result::cancelled;
      event_.forget(this);
    }
    void wake() {
      unlink();
      disarm();
      Loop::current().post(self_);
    }

    Event& event_;
    Deadline deadline_;
    bool cancellable_;
    std::coroutine_handle<> self_;
    Wait* next_ = nullptr;
    Result result_ = Result::set;
  };

  void set() {
    set_ = true;
    while (first_ != nullptr) {
      Wait* wait = first_;
      first_ = wait->next_;
      wait->wake();
    }
  }
  void reset() { set_ = false; }
  bool is_set() const { return set_; }

  // Result result = co_await event.wait(deadline);
  Wait wait(Deadline deadline = never) { return {*this, deadline, true}; }
  // For cleaning up after a cancellation: waits whatever the scope says.
  Wait wait_uncancelled() { return {*this, never, false}; }

 private:
  void forget(Wait* wait) {
    for (Wait** link = &first_; *link != nullptr; link = &(*link)->next_) {
      if (*link == wait) {
        *link = wait->next_;
        return;
      }
    }
  }

  Wait* first_ = nullptr;
  bool set_ = false;
};

}  // namespace bulkhead::runtime
