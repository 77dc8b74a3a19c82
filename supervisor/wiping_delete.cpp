// The supervisor reads secrets out of the configuration only to hand them on. What its memory held
// of them must not stay in memory that was given back, whoever owned it: YAML's nodes, strings,
// buffers of streams. So all of it is wiped; this process allocates little. A sanitizer has its own
// operators, and keeps what was freed for a while, but tells before it does.
#include <cstddef>
#include <span>

#include "platform/secret.h"

#ifdef BULKHEAD_SANITIZED

// Of <sanitizer/allocator_interface.h>, which GCC does not install.
extern "C" int __sanitizer_install_malloc_and_free_hooks(
    void (*allocated)(const volatile void* memory, std::size_t size),
    void (*freed)(const volatile void* memory));
extern "C" std::size_t __sanitizer_get_allocated_size(const volatile void* memory);

namespace {

void wipe_freed(const volatile void* memory) {
  if (memory == nullptr) return;
  auto* bytes = static_cast<char*>(const_cast<void*>(memory));
  bulkhead::platform::wipe(std::span(bytes, __sanitizer_get_allocated_size(bytes)));
}

[[maybe_unused]] const int installed =
    __sanitizer_install_malloc_and_free_hooks([](const volatile void*, std::size_t) {}, wipe_freed);

}  // namespace
#else
#include <cstdlib>
#include <malloc.h>
#include <new>

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
