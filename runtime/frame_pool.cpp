#include "runtime/frame_pool.h"

#include <array>
#include <new>

namespace bulkhead::runtime {

#ifdef BULKHEAD_SANITIZED

void* allocate_frame(std::size_t size) {
  return ::operator new(size);
}
void release_frame(void* frame, std::size_t) noexcept {
  ::operator delete(frame);
}

#else

namespace {

constexpr std::size_t class_bytes = 64;
constexpr std::size_t class_count = 64;  // frames up to 4 KiB are pooled
// Bounds what a burst leaves behind: the rest goes back to malloc, where what lives long finds
// room.
constexpr std::size_t max_kept_bytes_per_class = std::size_t{96} * 1024;

struct FreeFrame {
  FreeFrame* next;
};

struct SizeClass {
  FreeFrame* head = nullptr;
  std::size_t kept_bytes = 0;
};

thread_local std::array<SizeClass, class_count> classes;

constexpr std::size_t class_of(std::size_t size) {
  return (size + class_bytes - 1) / class_bytes;
}

}  // namespace

void* allocate_frame(std::size_t size) {
  const std::size_t index = class_of(size);
  if (index >= class_count) return ::operator new(size);
  SizeClass& list = classes[index];
  if (list.head == nullptr) return ::operator new(index * class_bytes);
  FreeFrame* frame = list.head;
  list.head = frame->next;
  list.kept_bytes -= index * class_bytes;
  return frame;
}

void release_frame(void* frame, std::size_t size) noexcept {
  const std::size_t index = class_of(size);
  if (index >= class_count || classes[index].kept_bytes >= max_kept_bytes_per_class) {
    ::operator delete(frame);
    return;
  }
  SizeClass& list = classes[index];
  auto* free_frame = static_cast<FreeFrame*>(frame);
  free_frame->next = list.head;
  list.head = free_frame;
  list.kept_bytes += index * class_bytes;
}

#endif

}  // namespace bulkhead::runtime
