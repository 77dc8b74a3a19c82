#include "platform/memory.h"

#include <malloc.h>

#ifdef BULKHEAD_SANITIZED
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
#endif

namespace bulkhead::platform {

std::uint64_t allocated_memory() {
#ifdef BULKHEAD_SANITIZED
  return __sanitizer_get_current_allocated_bytes();
#else
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
#endif
}

}  // namespace bulkhead::platform
