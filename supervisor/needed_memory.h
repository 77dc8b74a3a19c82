// Shared memory without which the supervisor cannot begin.
#pragma once

#include <stdexcept>
#include <tl/expected.hpp>
#include <utility>

#include "platform/error.h"

namespace bulkhead::supervisor {

// What was made. Throws std::runtime_error with the system's words if it could not be.
template <typename Value>
Value need(tl::expected<Value, platform::Error> made) {
  if (!made) throw std::runtime_error("shared memory: " + made.error().to_string());
  return std::move(*made);
}

}  // namespace bulkhead::supervisor
