// The event loop: one a process (one a thread in tests), libevent underneath.
//
// Loop::current() is the loop that was constructed on this thread. Deadlines are absolute
// steady-clock times; `never` waits for ever. Time as seen by the loop (now()) is read once a round
// and for each event that the loop wakes up for: a round begins before the wait for events, and the
// wait may have been long.
#pragma once

#include <chrono>
#include <coroutine>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <functional>
#include <vector>

#include "runtime/waiter.h"

namespace bulkhead::runtime {

using Clock = std::chrono::steady_clock;
using Deadline = Clock::time_point;
using Duration = std::chrono::milliseconds;

inline constexpr Deadline never = Deadline::max();

class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  static Loop& current();

  // Runs until stop(), and not at all if that was called before. May be called again afterwards.
  void run();
  void stop() { stopped_ = true; }

  // Resumes the coroutine, or calls the function, in the next round: never inline.
  void post(std::coroutine_handle<> coroutine) { ready_.push_back(coroutine); }
  void post(std::function<void()> call);

  // Steady-clock time when this round began or its current event came in.
  Deadline now() const { return now_; }
  void refresh_now() { now_ = Clock::now(); }  // for whoever is called by an event
  Deadline after(Duration duration) const;

  event_base* base() { return base_; }

 private:
  void run_ready();

  event_base* base_;
  std::vector<std::coroutine_handle<>> ready_, running_;
  Deadline now_;
  bool stopped_ = false;
};

// A one-shot timer inside the object that waits. Disarmed on destruction.
class TimerNode {
 public:
  TimerNode(const TimerNode&) = delete;
  TimerNode& operator=(const TimerNode&) = delete;

 protected:
  TimerNode() = default;
  ~TimerNode() { disarm(); }

  void arm(Deadline deadline);  // `never` arms nothing
  void disarm();
  virtual void on_timeout() = 0;

 private:
  static void fired(evutil_socket_t, short, void* self);

  event event_;
  bool armed_ = false;
};

// An operation that waits for one of: its own completion, a deadline, cancellation; and then
// resumes one coroutine.
class Blocked : protected Waiter, protected TimerNode {
 protected:
  enum class Wake { timed_out, cancelled };

  ~Blocked() = default;

  void suspend(std::coroutine_handle<> coroutine, CancelScope* scope, Deadline deadline);
  // Unlinks from everything and resumes inline. The object may be gone on return.
  void resume();
  // The deadline passed or the scope was cancelled; the coroutine resumes after this returns.
  virtual void on_wake(Wake wake) noexcept = 0;

 private:
  void on_timeout() final;
  void on_cancel() noexcept final;

  std::coroutine_handle<> coroutine_;
};

}  // namespace bulkhead::runtime
