#include "runtime/pipe_pool.h"

#include <csignal>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace bulkhead::runtime {
namespace {

// A user who holds many pipes gets smaller ones from the kernel; below this, splicing costs more
// than copying.
constexpr int least_useful_bytes = 64 * 1024;

}  // namespace

PipePool& PipePool::current() {
  thread_local PipePool pool;
  return pool;
}

// splice(2) knows no MSG_NOSIGNAL: without this, a receiver that has gone would end the process.
PipePool::PipePool() {
  std::signal(SIGPIPE, SIG_IGN);
}

std::optional<PipePool::Loan> PipePool::borrow() {
  if (lent_ >= max_lent) return std::nullopt;
  std::optional<Pipe> pipe;
  if (kept_.empty()) {
    pipe = make();
    if (!pipe) return std::nullopt;
  } else {
    pipe = std::move(kept_.back());
    kept_.pop_back();
  }
  ++lent_;
  return Loan(*this, std::move(*pipe));
}

std::optional<Pipe> PipePool::make() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return std::nullopt;
  Pipe pipe{platform::UniqueFd(ends[0]), platform::UniqueFd(ends[1]), 0};
  pipe.large = large_ < max_large && ::fcntl(ends[1], F_SETPIPE_SZ, large_pipe_bytes) >= 0;
  const bool sized = pipe.large || ::fcntl(ends[1], F_SETPIPE_SZ, pipe_bytes) >= 0;
  if (!sized && ::fcntl(ends[1], F_GETPIPE_SZ) < least_useful_bytes) return std::nullopt;
  if (pipe.large) ++large_;
  if (registry_ != nullptr) pipe.id = registry_->made(ends[0], ends[1]);
  return pipe;
}

PipePool::Loan PipePool::adopt(Pipe pipe, std::size_t bytes) {
  ++lent_;
  Loan loan(*this, std::move(pipe));
  loan.filled(bytes);
  return loan;
}

void PipePool::take_back(Pipe pipe, bool empty) {
  --lent_;
  if (!empty || kept_.size() >= max_kept) return discard(std::move(pipe));
  const auto place = pipe.large ? kept_.end() : kept_.begin();
  kept_.insert(place, std::move(pipe));
}

void PipePool::forsaken(const Pipe& pipe) {
  --lent_;
  if (pipe.large) --large_;
}

void PipePool::discard(Pipe pipe) {
  if (pipe.large) --large_;
  if (registry_ != nullptr && pipe.id != 0) registry_->discarded(pipe.id);
}

}  // namespace bulkhead::runtime
