// Closing a descriptor. Linux frees the number even when close() fails with EINTR, so it is never
// repeated.
#include "platform/unique_fd.h"

#include <cerrno>
#include <unistd.h>

namespace bulkhead::platform {

void UniqueFd::reset(int descriptor) {
  const int old = std::exchange(descriptor_, descriptor);
  if (old < 0) return;
  const int kept_errno = errno;
  close(old);
  errno = kept_errno;
}

}  // namespace bulkhead::platform
