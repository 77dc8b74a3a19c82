#include "workers/auth/native/scheduling_ticks.h"

namespace bulkhead::auth {

SchedulingTicks::SchedulingTicks() : thread_([this] { run(); }) {}

SchedulingTicks::~SchedulingTicks() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

SchedulingTicks::Use::Use(SchedulingTicks& ticks) : ticks_(ticks) {
  const std::lock_guard lock(ticks_.mutex_);
  if (ticks_.uses_++ == 0) ticks_.changed_.notify_one();
}

SchedulingTicks::Use::~Use() {
  const std::lock_guard lock(ticks_.mutex_);
  --ticks_.uses_;
}

void SchedulingTicks::run() {
  std::unique_lock lock(mutex_);
  while (!over_) {
    changed_.wait(lock, [this] { return over_ || uses_ != 0; });
    lock.unlock();
    std::this_thread::sleep_for(interval);
    ++count_;
    lock.lock();
  }
}

}  // namespace bulkhead::auth
