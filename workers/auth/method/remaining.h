// How long is left, in the terms of the calls that block.
#pragma once

#include <algorithm>
#include <chrono>

#include "workers/auth/method/method.h"

namespace bulkhead::auth {

// Never negative, at most ten minutes; rounded up, so that waiting for it reaches the deadline.
inline std::chrono::milliseconds remaining(Deadline deadline) {
  using std::chrono::milliseconds;
  const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
  return std::clamp(left, milliseconds(0), milliseconds(600'000));
}

inline int remaining_ms(Deadline deadline) {
  return static_cast<int>(remaining(deadline).count());
}

// The earlier of the caller's deadline and a limit of our own from now.
inline Deadline within(Deadline deadline, std::chrono::milliseconds limit) {
  return std::min(deadline, std::chrono::steady_clock::now() + limit);
}

}  // namespace bulkhead::auth
