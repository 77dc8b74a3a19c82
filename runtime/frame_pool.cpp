// Frames lie in slabs of their own, each for one size, so that frames that come and go leave no
// holes between objects that stay: a slab whose last frame ended is given back whole.
#include "runtime/frame_pool.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <new>
#include <sys/mman.h>

#include "runtime/frame_slabs.h"

namespace bulkhead::runtime {

#ifdef BULKHEAD_SANITIZED

void* allocate_frame(std::size_t size) {
  return ::operator new(size);
}
void release_frame(void* frame, std::size_t) noexcept {
  ::operator delete(frame);
}
std::size_t frame_pool_bytes() {
  return 0;
}
bool trim_frame_pool() {
  return false;
}

#else

namespace {

constexpr std::size_t class_bytes = 64;
constexpr std::size_t class_count = 64;  // frames up to 4 KiB are pooled
constexpr std::size_t slab_bytes = std::size_t{32} * 1024;
// Empty slabs that are kept whatever trim_frame_pool() is told, and those that may wait for it.
constexpr std::size_t always_kept = 4;
constexpr std::size_t max_kept = 128;

struct FreeFrame {
  FreeFrame* next;
};

// At the slab's beginning, which is aligned to its size.
struct Slab {
  Slab* previous = nullptr;  // among those of its class with room
  Slab* next = nullptr;      // the same, or among the empty ones
  FreeFrame* free = nullptr;
  std::uint32_t untouched =
      0;  // where frames begin that were never used, from the slab's beginning
  std::uint32_t used = 0;
  std::uint32_t index = 0;  // of its class
};
constexpr std::size_t header_bytes = class_bytes;
static_assert(sizeof(Slab) <= header_bytes);

struct Pool {
  std::array<Slab*, class_count> with_room{};
  Slab* empty = nullptr;
  std::size_t empties = 0;
  std::size_t fewest_empties = 0;  // since the last trim
  std::size_t slabs = 0;
};
// Not destroyed with its thread: the last frames may end later.
thread_local Pool pool;

constexpr std::size_t class_of(std::size_t size) {
  return (size + class_bytes - 1) / class_bytes;
}

Slab* slab_of(void* frame) {
  const std::size_t offset = reinterpret_cast<std::uintptr_t>(frame) % slab_bytes;
  return reinterpret_cast<Slab*>(static_cast<std::byte*>(frame) - offset);
}

bool is_full(const Slab& slab) {
  return slab.free == nullptr && slab.untouched + slab.index * class_bytes > slab_bytes;
}

// The system gives pages, not slabs: twice as many, of which the ends go back.
void* map_slab() {
  void* const got =
      ::mmap(nullptr, 2 * slab_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (got == MAP_FAILED) throw std::bad_alloc();
  auto* const first = static_cast<std::byte*>(got);
  const auto address = reinterpret_cast<std::uintptr_t>(got);
  const std::size_t before = (slab_bytes - address % slab_bytes) % slab_bytes;
  if (before != 0) ::munmap(first, before);
  ::munmap(first + before + slab_bytes, slab_bytes - before);
  return first + before;
}

void link(Slab& slab) {
  Slab*& head = pool.with_room[slab.index];
  slab.previous = nullptr;
  slab.next = head;
  if (head != nullptr) head->previous = &slab;
  head = &slab;
}

void unlink(Slab& slab) {
  if (slab.previous != nullptr) {
    slab.previous->next = slab.next;
  } else {
    pool.with_room[slab.index] = slab.next;
  }
  if (slab.next != nullptr) slab.next->previous = slab.previous;
}

Slab& new_slab(std::size_t index) {
  void* place = pool.empty;
  if (place != nullptr) {
    pool.empty = pool.empty->next;
    pool.fewest_empties = std::min(pool.fewest_empties, --pool.empties);
  } else {
    place = map_slab();
    ++pool.slabs;
  }
  Slab* const slab = new (place) Slab;
  slab->index = static_cast<std::uint32_t>(index);
  slab->untouched = header_bytes;
  link(*slab);
  return *slab;
}

void give_back(Slab* slab) {
  --pool.slabs;
  ::munmap(slab, slab_bytes);
}

void keep_empty(Slab* slab) {
  if (pool.empties >= max_kept) return give_back(slab);
  slab->next = pool.empty;
  pool.empty = slab;
  ++pool.empties;
}

}  // namespace

void* allocate_frame(std::size_t size) {
  const std::size_t index = class_of(size);
  if (index >= class_count) return ::operator new(size);
  Slab* const first = pool.with_room[index];
  Slab& slab = first != nullptr ? *first : new_slab(index);
  void* frame = slab.free;
  if (frame != nullptr) {
    slab.free = slab.free->next;
  } else {
    frame = reinterpret_cast<std::byte*>(&slab) + slab.untouched;
    slab.untouched += static_cast<std::uint32_t>(index * class_bytes);
  }
  ++slab.used;
  if (is_full(slab)) unlink(slab);
  return frame;
}

void release_frame(void* frame, std::size_t size) noexcept {
  if (class_of(size) >= class_count) return ::operator delete(frame);
  Slab& slab = *slab_of(frame);
  const bool was_full = is_full(slab);
  auto* const freed = static_cast<FreeFrame*>(frame);
  freed->next = slab.free;
  slab.free = freed;
  if (was_full) link(slab);
  --slab.used;
  // The last one of its class with room stays where it is: the next frame is about to come.
  if (slab.used != 0 || (slab.previous == nullptr && slab.next == nullptr)) return;
  unlink(slab);
  keep_empty(&slab);
}

std::size_t frame_pool_bytes() {
  return pool.slabs * slab_bytes;
}

bool trim_frame_pool() {
  for (Slab* const slab : pool.with_room) {
    if (slab == nullptr || slab->used != 0) continue;
    unlink(*slab);
    keep_empty(slab);
  }
  std::size_t unneeded = pool.fewest_empties;
  while (unneeded-- > 0 && pool.empties > always_kept) {
    Slab* const slab = pool.empty;
    pool.empty = slab->next;
    --pool.empties;
    give_back(slab);
  }
  pool.fewest_empties = pool.empties;
  return pool.empties > always_kept;
}

#endif

}  // namespace bulkhead::runtime
