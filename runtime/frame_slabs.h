// What the frame pool does besides giving frames (frame_pool.h): how much memory it has, and giving
// back what is not needed.
#pragma once

#include <cstddef>

namespace bulkhead::runtime {

// Bytes that this thread's pool has from the system: frames, and room for frames. They are not
// malloc's.
std::size_t frame_pool_bytes();

// Gives back what stayed empty since the last call. True if there is more that may be given back
// by a later call.
bool trim_frame_pool();

}  // namespace bulkhead::runtime
