// The supervisor reads secrets out of the configuration only to hand them on. What its memory held
// of them must not stay in memory that was given back, whoever owned it: YAML's nodes, strings,
// buffers of streams. So all of it is wiped; this process allocates little. (Sanitizers have their
// own.)
#ifndef BULKHEAD_SANITIZED
#include <cstdlib>
#include <malloc.h>
#include <new>
#include <span>

#include "platform/secret.h"

namespace {

void wipe_and_free(void* memory) noexcept {
  if (memory == nullptr) return;
  bulkhead::platform::wipe(std::span(static_cast<char*>(memory), ::malloc_usable_size(memory)));
  std::free(memory);
}

}  // namespace

void operator delete(void* memory) noexcept {
  wipe_and_free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  wipe_and_free(memory);
}
void operator delete[](void* memory) noexcept {
  wipe_and_free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  wipe_and_free(memory);
}
#endif
