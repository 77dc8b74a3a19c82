// Has the kernel look anew, several times a millisecond, at who is to run on a core.
//
// A hash computes for 20 ms without a pause. An acceptor that wakes up meanwhile on the same core,
// and has just had more than its share, may not interrupt it; from then on nobody looks before the
// clock ticks, 4 ms later on many kernels (CONFIG_HZ=250). That was the whole of what a flood of
// wrong passwords cost those who are somebody (docs/performance.md). A thread of the same session
// that wakes up brings the question forward: whoever's turn it is then runs.
//
// Nothing ticks while nobody uses it. Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

namespace bulkhead::auth {

class SchedulingTicks {
 public:
  static constexpr std::chrono::microseconds interval{300};

  SchedulingTicks();
  ~SchedulingTicks();
  SchedulingTicks(const SchedulingTicks&) = delete;
  SchedulingTicks& operator=(const SchedulingTicks&) = delete;

  // As long as one of these lives, it ticks. Must not outlive its owner.
  class Use {
   public:
    explicit Use(SchedulingTicks& ticks);
    ~Use();
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

   private:
    SchedulingTicks& ticks_;
  };

  std::uint64_t count() const { return count_.load(); }

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  unsigned uses_ = 0;
  bool over_ = false;
  std::atomic<std::uint64_t> count_ = 0;
  std::thread thread_;
};

}  // namespace bulkhead::auth
