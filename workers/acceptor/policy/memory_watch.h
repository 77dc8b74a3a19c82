// How much memory this process has in use, looked at now and then: looking costs some
// microseconds.
#pragma once

#include <cstdint>

#include "runtime/loop.h"

namespace bulkhead::acceptor {

class MemoryWatch {
 public:
  static constexpr runtime::Duration interval{50};

  // True if more than `limit` bytes are allocated; 0: no limit, and nothing is looked at.
  bool is_over(std::uint64_t limit);

 private:
  runtime::Deadline next_look_;
  std::uint64_t allocated_ = 0;
};

}  // namespace bulkhead::acceptor
