// Memory for coroutine frames: free lists by size class, one pool a thread. A proxy makes and drops
// the same few frame sizes all day; a list pop is several times cheaper than malloc and keeps them
// warm in cache. Under sanitizers it is plain operator new, so that they see every use after free.
#pragma once

#include <cstddef>

namespace bulkhead::runtime {

void* allocate_frame(std::size_t size);
void release_frame(void* frame, std::size_t size) noexcept;

}  // namespace bulkhead::runtime
