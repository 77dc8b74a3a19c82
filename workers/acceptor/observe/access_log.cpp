#include "workers/acceptor/observe/access_log.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
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

void AccessLog::write(std::string_view line) {
  if (pending_.size() + line.size() > max_kept || pending_stdout_.size() + line.size() > max_kept) {
    ++file_loss_.lines;
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
  bool done = pending_.empty() || write_some(descriptor_.get(), pending_, file_loss_);
  if (!write_some(STDOUT_FILENO, pending_stdout_, stdout_loss_)) done = false;
  report_loss();
  if (done || scheduled_) return;
  scheduled_ = true;
  runtime::spawn([](AccessLog& self) -> runtime::Task<void> {
    co_await runtime::sleep_for(50ms);
    self.scheduled_ = false;
    self.flush();
  }(*this));
}

// At most once a minute; the count is of all that was lost since the last time.
void AccessLog::report_loss() {
  const std::uint64_t lines = file_loss_.lines + stdout_loss_.lines;
  const auto now = runtime::Clock::now();
  if (lines == 0 || now < next_report_) return;
  next_report_ = now + 1min;
  const int error = file_loss_.error != 0 ? file_loss_.error : stdout_loss_.error;
  runtime::log::error(
      "access log lines were lost",
      {{"lines", lines}, {"reason", error != 0 ? std::strerror(error) : "nobody takes them"}});
  file_loss_.lines = stdout_loss_.lines = 0;
  file_loss_.error = stdout_loss_.error = 0;
}

bool AccessLog::write_some(int descriptor, std::string& pending, Loss& loss) {
  // A line that a full disk cut short ends here, so that the next one stands alone.
  if (loss.torn && !pending.empty()) pending.insert(0, 1, '\n');
  loss.torn = false;
  std::size_t written = 0;
  bool blocked = false;
  while (written < pending.size() && !blocked) {
    blocked = !is_writable(descriptor);
    if (blocked) break;
    const std::string_view rest = std::string_view(pending).substr(written);
    const auto put = ::write(descriptor, rest.data(), piece_of(rest));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) {
      // A full disk or a reader that is gone: nothing can be kept for it.
      loss.error = errno;
      loss.lines += static_cast<std::uint64_t>(
          std::count(pending.begin() + static_cast<std::ptrdiff_t>(written), pending.end(), '\n'));
      loss.torn = written != 0 ? pending[written - 1] != '\n' : loss.torn;
      pending.clear();
      return true;
    }
    written += static_cast<std::size_t>(put);
  }
  pending.erase(0, written);
  return !blocked;
}

}  // namespace bulkhead::acceptor
