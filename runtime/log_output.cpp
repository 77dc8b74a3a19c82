#include "runtime/log_output.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <poll.h>
#include <unistd.h>
#include <utility>

namespace bulkhead::runtime {
namespace {

// How long one line may wait for a reader that is merely slow.
constexpr int patience_ms = 100;

bool has_room(int descriptor, int wait_ms) {
  pollfd entry{descriptor, POLLOUT, 0};
  return ::poll(&entry, 1, wait_ms) == 1 && (entry.revents & (POLLOUT | POLLERR)) == POLLOUT;
}

}  // namespace

bool LogOutput::put(std::string_view line) {
  const std::lock_guard guard(mutex_);
  const bool whole = write_all(line);
  if (!whole) ++lost_;
  return whole;
}

std::uint64_t LogOutput::take_lost() {
  const std::lock_guard guard(mutex_);
  if (lost_ == 0 || !has_room(descriptor_, 0)) return 0;
  return std::exchange(lost_, 0);
}

// A pipe that polls writable takes PIPE_BUF octets without blocking.
bool LogOutput::write_all(std::string_view line) {
  if (torn_ && has_room(descriptor_, 0)) torn_ = ::write(descriptor_, "\n", 1) != 1;
  bool begun = false;
  while (!line.empty()) {
    if (!has_room(descriptor_, lost_ == 0 ? patience_ms : 0)) break;
    const ssize_t written =
        ::write(descriptor_, line.data(), std::min(line.size(), std::size_t{PIPE_BUF}));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    begun = true;
    line.remove_prefix(static_cast<std::size_t>(written));
  }
  if (!line.empty() && begun) torn_ = true;
  return line.empty();
}

}  // namespace bulkhead::runtime
