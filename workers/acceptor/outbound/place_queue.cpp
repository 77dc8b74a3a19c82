#include "workers/acceptor/outbound/place_queue.h"

#include <algorithm>
#include <vector>

#include "runtime/timer.h"

namespace bulkhead::acceptor {

// In the list until the end of its wait, however that ends.
class PlaceQueue::Enrolled {
 public:
  Enrolled(PlaceQueue& queue, Waiter& waiter) : queue_(queue), waiter_(waiter) {
    queue_.waiters_.push_back(&waiter_);
  }
  ~Enrolled() { queue_.waiters_.remove(&waiter_); }
  Enrolled(const Enrolled&) = delete;
  Enrolled& operator=(const Enrolled&) = delete;

 private:
  PlaceQueue& queue_;
  Waiter& waiter_;
};

runtime::Task<bool> PlaceQueue::wait(std::uint32_t kind, std::function<bool()> attempt,
                                     runtime::Deadline deadline) {
  Waiter waiter{kind, std::move(attempt), {}};
  const Enrolled enrolled(*this, waiter);
  if (!looking_) {
    looking_ = true;
    runtime::spawn(look_now_and_then(), &scope_);
  }
  co_await waiter.served.wait(deadline);
  // It may have been served in the very round in which its time was over.
  co_return waiter.served.is_set();
}

bool PlaceQueue::has_waiting(std::uint32_t kind) const {
  return std::any_of(waiters_.begin(), waiters_.end(), [kind](const Waiter* waiter) {
    return waiter->kind == kind && !waiter->served.is_set();
  });
}

void PlaceQueue::look() {
  if (waiters_.empty() || posted_) return;
  posted_ = true;
  runtime::Loop::current().post([this] {
    posted_ = false;
    serve();
  });
}

// After a cancellation the queue may be gone: nothing of it is touched then.
runtime::Task<void> PlaceQueue::look_now_and_then() {
  while (true) {
    const bool slept = co_await runtime::sleep_for(look_again);
    if (!slept) co_return;
    if (waiters_.empty()) break;
    serve();
  }
  looking_ = false;
}

void PlaceQueue::serve() {
  std::vector<std::uint32_t> full;
  for (Waiter* waiter : waiters_) {
    if (waiter->served.is_set()) continue;
    if (std::find(full.begin(), full.end(), waiter->kind) != full.end()) continue;
    if (waiter->attempt()) {
      waiter->served.set();
    } else {
      full.push_back(waiter->kind);
    }
  }
}

}  // namespace bulkhead::acceptor
