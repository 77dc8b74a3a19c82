#include "workers/acceptor/observe/access_log.h"

#include <algorithm>
#include <cerrno>
#include <poll.h>
#include <string_view>
#include <unistd.h>

#include "runtime/log.h"
#include "runtime/loop.h"
#include "runtime/task.h"
#include "runtime/timer.h"

namespace bulkhead::acceptor {
namespace {

using namespace std::chrono_literals;

// A pipe that polls writable takes this much without blocking; a file takes it anyway.
constexpr std::size_t piece_bytes = 4096;

bool is_writable(int descriptor) {
  pollfd entry{descriptor, POLLOUT, 0};
  return ::poll(&entry, 1, 0) == 1 && (entry.revents & (POLLOUT | POLLERR | POLLHUP)) != 0;
}

// The end of the last whole line within the first piece_bytes; a longer line is cut where the piece
// ends.
std::size_t piece_of(std::string_view pending) {
  if (pending.size() <= piece_bytes) return pending.size();
  const auto end = pending.rfind('\n', piece_bytes - 1);
  return end == std::string_view::npos ? piece_bytes : end + 1;
}

}  // namespace

void AccessLog::write(std::string line) {
  if (pending_.size() + line.size() > max_kept || pending_stdout_.size() + line.size() > max_kept) {
    ++dropped_;
    return;
  }
  if (also_stdout_) pending_stdout_ += line;
  pending_ += line;
  schedule();
}

void AccessLog::schedule() {
  if (scheduled_) return;
  scheduled_ = true;
  runtime::Loop::current().post([this] {
    scheduled_ = false;
    flush();
  });
}

void AccessLog::flush() {
  if (!descriptor_) pending_.clear();
  bool done = pending_.empty() || write_some(descriptor_.get(), pending_);
  if (!write_some(STDOUT_FILENO, pending_stdout_)) done = false;
  if (done && dropped_ != 0) {
    runtime::log::warn("access log lines were lost because nobody took them",
                       {{"lines", dropped_}});
    dropped_ = 0;
  }
  if (done || scheduled_) return;
  scheduled_ = true;
  runtime::spawn([](AccessLog& self) -> runtime::Task<void> {
    co_await runtime::sleep_for(50ms);
    self.scheduled_ = false;
    self.flush();
  }(*this));
}

bool AccessLog::write_some(int descriptor, std::string& pending) {
  std::size_t written = 0;
  bool blocked = false;
  while (written < pending.size() && !blocked) {
    blocked = !is_writable(descriptor);
    if (blocked) break;
    const std::string_view rest = std::string_view(pending).substr(written);
    const auto put = ::write(descriptor, rest.data(), piece_of(rest));
    if (put <= 0 && errno != EINTR) {
      // A full disk or a reader that is gone: nothing can be kept for it.
      written = pending.size();
      break;
    }
    written += static_cast<std::size_t>(std::max<ssize_t>(put, 0));
  }
  pending.erase(0, written);
  return !blocked;
}

}  // namespace bulkhead::acceptor
