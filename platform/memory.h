// What this process has allocated.
#pragma once

#include <cstdint>

namespace bulkhead::platform {

// Bytes that malloc has given out and not got back. Some microseconds.
std::uint64_t allocated_memory();

}  // namespace bulkhead::platform
