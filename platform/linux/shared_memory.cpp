// Shared memfds: see shared_memory.h.
#include "platform/shared_memory.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

namespace bulkhead::platform {
namespace {

constexpr int size_seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

}  // namespace

tl::expected<UniqueFd, Error> create_shared_memory(const std::string& name, std::size_t bytes) {
  UniqueFd memory(memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory) return tl::unexpected(last_error("memfd_create"));
  if (ftruncate(memory.get(), static_cast<off_t>(bytes)) != 0) {
    return tl::unexpected(last_error("ftruncate"));
  }
  if (fcntl(memory.get(), F_ADD_SEALS, size_seals) != 0) {
    return tl::unexpected(last_error("F_ADD_SEALS"));
  }
  return memory;
}

tl::expected<UniqueFd, Error> read_only_view(int descriptor) {
  const std::string path = "/proc/self/fd/" + std::to_string(descriptor);
  UniqueFd view(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!view) return tl::unexpected(last_error("open"));
  return view;
}

tl::expected<SharedMapping, Error> SharedMapping::map(int descriptor, std::size_t bytes,
                                                      Access access) {
  const int seals = fcntl(descriptor, F_GET_SEALS);
  if (seals < 0) return tl::unexpected(last_error("F_GET_SEALS"));
  if ((seals & size_seals) != size_seals) return tl::unexpected(make_error("F_GET_SEALS", EPERM));
  const off_t size = lseek(descriptor, 0, SEEK_END);
  if (size < 0) return tl::unexpected(last_error("lseek"));
  if (static_cast<std::uint64_t>(size) != bytes) {
    return tl::unexpected(make_error("shared memory", EINVAL));
  }
  const int protection = access == Access::read_only ? PROT_READ : PROT_READ | PROT_WRITE;
  void* address = mmap(nullptr, bytes, protection, MAP_SHARED, descriptor, 0);
  if (address == MAP_FAILED) return tl::unexpected(last_error("mmap"));
  return SharedMapping(address, bytes);
}

tl::expected<SharedMapping, Error> SharedMapping::of_this_process(std::size_t bytes) {
  void* address = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (address == MAP_FAILED) return tl::unexpected(last_error("mmap"));
  return SharedMapping(address, bytes);
}

// MADV_REMOVE is for shared memory only, and MADV_DONTNEED would not free any of that.
void SharedMapping::discard(std::size_t offset, std::size_t bytes) {
  auto* begin = static_cast<char*>(address_) + offset;
  if (madvise(begin, bytes, MADV_REMOVE) != 0) madvise(begin, bytes, MADV_DONTNEED);
}

SharedMapping::SharedMapping(SharedMapping&& other) noexcept
    : address_(std::exchange(other.address_, nullptr)), size_(std::exchange(other.size_, 0)) {}

SharedMapping& SharedMapping::operator=(SharedMapping&& other) noexcept {
  std::swap(address_, other.address_);
  std::swap(size_, other.size_);
  return *this;
}

SharedMapping::~SharedMapping() {
  if (address_ != nullptr) munmap(address_, size_);
}

}  // namespace bulkhead::platform
