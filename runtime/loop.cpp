#include "runtime/loop.h"

#include <stdexcept>
#include <utility>

#include "runtime/task.h"

namespace bulkhead::runtime {
namespace {

thread_local Loop* current_loop = nullptr;

timeval to_timeval(Clock::duration duration) {
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  const auto clamped = micros < 0 ? 0 : micros;
  return {static_cast<time_t>(clamped / 1'000'000), static_cast<suseconds_t>(clamped % 1'000'000)};
}

Task<void> call_later(std::function<void()> call) {
  call();
  co_return;
}

}  // namespace

Loop::Loop() : now_(Clock::now()) {
  event_config* config = event_config_new();
  event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
  base_ = event_base_new_with_config(config);
  event_config_free(config);
  if (base_ == nullptr) throw std::runtime_error("cannot make an event loop");
  current_loop = this;
}

Loop::~Loop() {
  event_base_free(base_);
  if (current_loop == this) current_loop = nullptr;
}

Loop& Loop::current() {
  return *current_loop;
}

void Loop::run() {
  while (!stopped_) {
    now_ = Clock::now();
    run_ready();
    if (stopped_) break;
    event_base_loop(base_,
                    EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY | (ready_.empty() ? 0 : EVLOOP_NONBLOCK));
  }
  stopped_ = false;
}

void Loop::run_ready() {
  running_.swap(ready_);
  for (const auto coroutine : running_) coroutine.resume();
  running_.clear();
}

namespace {

struct NextRound {
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> self) const { Loop::current().post(self); }
  void await_resume() const noexcept {}
};

Task<void> in_next_round(std::function<void()> call) {
  co_await NextRound{};
  co_await call_later(std::move(call));
}

}  // namespace

void Loop::post(std::function<void()> call) {
  spawn(in_next_round(std::move(call)));
}

Deadline Loop::after(Duration duration) const {
  if (duration >= std::chrono::duration_cast<Duration>(never - now_)) return never;
  return now_ + duration;
}

void TimerNode::arm(Deadline deadline) {
  disarm();
  if (deadline == never) return;
  Loop& loop = Loop::current();
  evtimer_assign(&event_, loop.base(), &TimerNode::fired, this);
  const timeval timeout = to_timeval(deadline - Clock::now());
  evtimer_add(&event_, &timeout);
  armed_ = true;
}

void TimerNode::disarm() {
  if (!armed_) return;
  armed_ = false;
  evtimer_del(&event_);
}

void TimerNode::fired(evutil_socket_t, short, void* self) {
  auto* node = static_cast<TimerNode*>(self);
  node->armed_ = false;
  Loop::current().refresh_now();
  node->on_timeout();
}

void Blocked::suspend(std::coroutine_handle<> coroutine, CancelScope* scope, Deadline deadline) {
  coroutine_ = coroutine;
  link(scope);
  arm(deadline);
}

void Blocked::resume() {
  unlink();
  disarm();
  const auto coroutine = coroutine_;
  coroutine.resume();
}

void Blocked::on_timeout() {
  on_wake(Wake::timed_out);
  resume();
}

void Blocked::on_cancel() noexcept {
  disarm();
  on_wake(Wake::cancelled);
  Loop::current().post(coroutine_);
}

}  // namespace bulkhead::runtime
