// When a worker that died is started again: at once the first time, then after 250 ms, doubling to
// 30 s; a life of 60 s begins anew. Five deaths within 30 s are a crash loop. Pure: time is handed
// in.
#pragma once

#include <cstddef>
#include <deque>

#include "runtime/loop.h"

namespace bulkhead::supervisor {

class Backoff {
 public:
  static constexpr runtime::Duration first_delay{250};
  static constexpr runtime::Duration longest_delay{30'000};
  static constexpr runtime::Duration settled_life{60'000};
  static constexpr runtime::Duration loop_window{30'000};
  static constexpr std::size_t loop_deaths = 5;

  // The worker that lived for lifetime died at now; how long to wait before the next.
  runtime::Duration died(runtime::Deadline now, runtime::Duration lifetime);

  // Whether the deaths so far are a crash loop; over when the worker has lived long enough
  // (settled()).
  bool crash_loop() const { return crash_loop_; }
  void settled();

 private:
  std::deque<runtime::Deadline> deaths_;  // within loop_window
  runtime::Duration next_{0};
  bool crash_loop_ = false;
};

}  // namespace bulkhead::supervisor
