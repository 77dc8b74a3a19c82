#include "runtime/raw_flow.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>

namespace bulkhead::runtime {
namespace {

constexpr std::size_t scratch_bytes = 64 * 1024;
thread_local std::array<std::byte, scratch_bytes> scratch;

constexpr std::size_t large_read = 32 * 1024;
constexpr std::size_t small_fill = 16 * 1024;
constexpr int small_fills = 3;  // in a row, before copying again
constexpr std::uint16_t max_patience = 4096;
constexpr std::size_t max_fill =
    1024 * 1024;               // asked of one splice; the pipe's slots are the real bound
constexpr int max_steps = 32;  // before other connections have their turn

constexpr unsigned splice_flags = SPLICE_F_NONBLOCK | SPLICE_F_MOVE;

ssize_t splice(int from, int to, std::size_t size) {
  while (true) {
    const ssize_t moved = ::splice(from, nullptr, to, nullptr, size, splice_flags);
    if (moved >= 0 || errno != EINTR) return moved;
  }
}

}  // namespace

RawFlow::State RawFlow::advance() {
  for (int i = 0; i < max_steps; ++i) {
    switch (step()) {
      case Step::moved:
        break;
      case Step::blocked_reading:
        return State::wants_read;
      case Step::blocked_writing:
        return State::wants_write;
      case Step::out_of_allowance:
        return State::throttled;
      case Step::ended:
        return State::ended;
      case Step::from_failed:
        return State::from_failed;
      case Step::to_failed:
        return State::to_failed;
    }
  }
  return State::yielded;
}

RawFlow::State RawFlow::verify() {
  from().forget_drained();
  return advance();
}

RawFlow::Step RawFlow::step() {
  if (!rest_.empty()) return push_rest();
  if (pipe_ && pipe_->bytes() > 0) return drain_pipe();
  if (from().known_drained()) return Step::blocked_reading;
  if (allowance_ == 0) return wait_for_allowance();
  return splicing_ ? fill_pipe() : copy();
}

RawFlow::Step RawFlow::copy() {
  const IoResult got =
      from_.try_read(std::span(scratch).first(std::min(scratch_bytes, allowance_)));
  if (got.status == IoStatus::would_block) {
    unverified_ = false;
    return Step::blocked_reading;
  }
  if (got.status == IoStatus::eof) return Step::ended;
  if (!got.ok()) return Step::from_failed;
  unverified_ = true;
  allowance_ -= got.bytes;
  judge_read(got.bytes);
  const IoResult put = to_.try_write(std::span(scratch).first(got.bytes));
  if (put.status == IoStatus::failed) return Step::to_failed;
  count_ += put.bytes;
  if (put.bytes == got.bytes) return Step::moved;
  rest_.assign(scratch.data() + put.bytes, scratch.data() + got.bytes);
  rest_taken_ = 0;
  return Step::blocked_writing;
}

RawFlow::Step RawFlow::push_rest() {
  const IoResult put = to_.try_write(std::span(rest_).subspan(rest_taken_));
  if (put.status == IoStatus::failed) return Step::to_failed;
  count_ += put.bytes;
  rest_taken_ += put.bytes;
  if (rest_taken_ < rest_.size()) return Step::blocked_writing;
  rest_ = {};
  return Step::moved;
}

RawFlow::Step RawFlow::fill_pipe() {
  if (!pipe_) {
    if (auto loan = PipePool::current().borrow()) pipe_.emplace(std::move(*loan));
  }
  if (!pipe_) {
    copy_from_now_on();
    return copy();
  }
  const std::size_t asked = std::min(max_fill, allowance_);
  const ssize_t got = splice(from().fd(), pipe_->write_end(), asked);
  if (got > 0) {
    const auto bytes = static_cast<std::size_t>(got);
    pipe_->filled(bytes);
    allowance_ -= bytes;
    judge_fill(asked, bytes);
    return drain_pipe();
  }
  const int error = errno;
  pipe_.reset();
  if (got == 0) return Step::ended;
  if (error != EAGAIN) return Step::from_failed;
  unverified_ = false;
  return Step::blocked_reading;
}

RawFlow::Step RawFlow::drain_pipe() {
  const ssize_t put = splice(pipe_->read_end(), to().fd(), pipe_->bytes());
  if (put < 0) return errno == EAGAIN ? Step::blocked_writing : Step::to_failed;
  count_ += static_cast<std::size_t>(put);
  pipe_->drained(static_cast<std::size_t>(put));
  if (pipe_->bytes() > 0) return Step::moved;
  if (!splicing_) pipe_.reset();
  return Step::moved;
}

// A pipe is not held while nothing may be put into it.
RawFlow::Step RawFlow::wait_for_allowance() {
  pipe_.reset();
  return Step::out_of_allowance;
}

void RawFlow::judge_read(std::size_t bytes) {
  if (mode_ != RelayMode::adaptive) return;
  streak_ = bytes >= large_read ? static_cast<std::uint16_t>(streak_ + 1) : 0;
  if (streak_ < patience_) return;
  splicing_ = true;
  streak_ = 0;
}

// A fill that was small because no more was allowed says nothing about the sender.
void RawFlow::judge_fill(std::size_t asked, std::size_t bytes) {
  if (mode_ != RelayMode::adaptive || asked < small_fill) return;
  streak_ = bytes < small_fill ? static_cast<std::uint16_t>(streak_ + 1) : 0;
  if (streak_ < small_fills) return;
  copy_from_now_on();
}

void RawFlow::copy_from_now_on() {
  splicing_ = false;
  streak_ = 0;
  patience_ = std::min<std::uint16_t>(static_cast<std::uint16_t>(patience_ * 2), max_patience);
}

}  // namespace bulkhead::runtime
