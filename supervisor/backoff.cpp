#include "supervisor/backoff.h"

#include <algorithm>
#include <utility>

namespace bulkhead::supervisor {

runtime::Duration Backoff::died(runtime::Deadline now, runtime::Duration lifetime) {
  if (lifetime >= settled_life) settled();
  while (!deaths_.empty() && now - deaths_.front() > loop_window) deaths_.pop_front();
  deaths_.push_back(now);
  if (deaths_.size() >= loop_deaths) crash_loop_ = true;
  const runtime::Duration following =
      next_ == runtime::Duration{0} ? first_delay : std::min(next_ * 2, longest_delay);
  return std::exchange(next_, following);
}

void Backoff::settled() {
  next_ = runtime::Duration{0};
  deaths_.clear();
  crash_loop_ = false;
}

}  // namespace bulkhead::supervisor
