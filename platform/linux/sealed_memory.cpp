// Sealed memfds: see sealed_memory.h.
#include "platform/sealed_memory.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace bulkhead::platform {
namespace {

constexpr int all_seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

int write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) return errno;
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

// The size by lseek and not fstat: the C library's fstat() is a newfstatat() in the kernel's eyes,
// which the acceptor's sandbox refuses. Nobody reads from the offset this moves.
tl::expected<std::size_t, Error> checked_size(int descriptor, std::size_t max_bytes) {
  const int seals = fcntl(descriptor, F_GET_SEALS);
  if (seals < 0) return tl::unexpected(last_error("F_GET_SEALS"));
  if ((seals & all_seals) != all_seals) return tl::unexpected(make_error("F_GET_SEALS", EPERM));
  const off_t size = lseek(descriptor, 0, SEEK_END);
  if (size < 0) return tl::unexpected(last_error("lseek"));
  if (static_cast<std::uint64_t>(size) > max_bytes) {
    return tl::unexpected(make_error("sealed memory", EFBIG));
  }
  return static_cast<std::size_t>(size);
}

}  // namespace

tl::expected<UniqueFd, Error> create_sealed_memory(const std::string& name,
                                                   std::string_view bytes) {
  UniqueFd memory(memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory) return tl::unexpected(last_error("memfd_create"));
  if (const int failure = write_all(memory.get(), bytes); failure != 0) {
    return tl::unexpected(make_error("write", failure));
  }
  if (fcntl(memory.get(), F_ADD_SEALS, all_seals) != 0) {
    return tl::unexpected(last_error("F_ADD_SEALS"));
  }
  return memory;
}

tl::expected<std::string, Error> read_sealed_memory(int descriptor, std::size_t max_bytes) {
  const auto size = checked_size(descriptor, max_bytes);
  if (!size) return tl::unexpected(size.error());
  std::string bytes(*size, '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got =
        pread(descriptor, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return tl::unexpected(last_error("pread"));
    if (got == 0) return tl::unexpected(make_error("pread", EIO));
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

}  // namespace bulkhead::platform
