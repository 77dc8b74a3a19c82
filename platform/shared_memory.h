// Memory that several processes have mapped: a memfd of a fixed size. The supervisor makes it and
// keeps it, so what is written in it outlives the process that wrote it.
//
// The size is sealed at creation, so that no process can take a page away from under another one
// (which would be a SIGBUS there). Contents are all zero at first and trusted by nobody: whoever
// maps what a weaker process may write checks every number it reads.
#pragma once

#include <cstddef>
#include <string>
#include <tl/expected.hpp>

#include "platform/error.h"
#include "platform/unique_fd.h"

namespace bulkhead::platform {

// A new memfd of exactly that many bytes. name shows in /proc and nowhere else; at most 200 bytes.
tl::expected<UniqueFd, Error> create_shared_memory(const std::string& name, std::size_t bytes);

// A second descriptor of the same memory that can only be mapped for reading. Not for use inside a
// sandbox (it goes by /proc).
tl::expected<UniqueFd, Error> read_only_view(int descriptor);

// The memory in this process, until the object's end. Move-only.
class SharedMapping {
 public:
  enum class Access { read_only, read_write };

  // EINVAL if the memory is not exactly that large, EPERM if its size is not sealed. The descriptor
  // may be closed afterwards. Works inside the sandbox.
  static tl::expected<SharedMapping, Error> map(int descriptor, std::size_t bytes, Access access);

  // The same for memory that no other process sees.
  static tl::expected<SharedMapping, Error> of_this_process(std::size_t bytes);

  SharedMapping() = default;
  SharedMapping(SharedMapping&& other) noexcept;
  SharedMapping& operator=(SharedMapping&& other) noexcept;
  ~SharedMapping();

  explicit operator bool() const { return address_ != nullptr; }
  std::size_t size() const { return size_; }

  // Gives whole pages back to the system; they read as zero when they are touched again. Best
  // effort. The mapping is writable.
  void discard(std::size_t offset, std::size_t bytes);

  // The memory as a T, which begins at its start. T is a standard layout type without pointers,
  // whose all-zero state is valid, no larger than the mapping; fields that another process writes
  // are std::atomic.
  template <typename T>
  T& as() {
    return *static_cast<T*>(address_);
  }
  template <typename T>
  const T& as() const {
    return *static_cast<const T*>(address_);
  }

 private:
  SharedMapping(void* address, std::size_t size) : address_(address), size_(size) {}

  void* address_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace bulkhead::platform
