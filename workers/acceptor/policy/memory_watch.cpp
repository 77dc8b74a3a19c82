#include "workers/acceptor/policy/memory_watch.h"

#include "platform/memory.h"
#include "runtime/frame_slabs.h"

namespace bulkhead::acceptor {

bool MemoryWatch::is_over(std::uint64_t limit) {
  if (limit == 0) return false;
  const runtime::Deadline now = runtime::Loop::current().now();
  if (now >= next_look_) {
    next_look_ = now + interval;
    allocated_ = platform::allocated_memory() + runtime::frame_pool_bytes();
  }
  return allocated_ > limit;
}

}  // namespace bulkhead::acceptor
