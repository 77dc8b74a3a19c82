// Random numbers for choosing; nobody gains by guessing them. A generator that can be given its
// start, so that tests repeat.
#pragma once

#include <cstdint>

#include "workers/acceptor/routing/balance/hash.h"

namespace bulkhead::acceptor {

class Chance {
 public:
  explicit Chance(std::uint64_t start) : state_(start) {}

  std::uint64_t next() { return mix(state_++); }
  // In [0, bound); bound > 0. The bias of the remainder is far below what can be observed.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }

 private:
  std::uint64_t state_;
};

}  // namespace bulkhead::acceptor
