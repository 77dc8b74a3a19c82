// Pauses that differ: checks that began together must not stay together, here or at other proxies.
#pragma once

#include <cstdint>
#include <random>

#include "runtime/loop.h"

namespace bulkhead::egress_worker {

// base, changed by chance by at most so many percent (0 to 100) either way.
template <typename Generator>
runtime::Duration with_jitter(runtime::Duration base, std::uint32_t percent, Generator& chance) {
  const std::int64_t widest = base.count() * static_cast<std::int64_t>(percent) / 100;
  std::uniform_int_distribution<std::int64_t> by(-widest, widest);
  return base + runtime::Duration(by(chance));
}

}  // namespace bulkhead::egress_worker
