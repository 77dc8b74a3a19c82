#include "runtime/raw_flow.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <utility>

#include "runtime/flow_recovery.h"

namespace bulkhead::runtime {
namespace {

constexpr std::size_t large_read = 32 * 1024;
constexpr std::size_t small_fill = 16 * 1024;
constexpr int small_fills = 3;  // in a row, before copying again
constexpr std::uint16_t max_patience = 4096;
constexpr std::size_t max_fill =
    1024 * 1024;  // asked of one splice; the pipe's slots are the real bound
// Before other connections have their turn.
constexpr int max_steps = 32;
constexpr std::uint64_t max_turn = 8 * 1024 * 1024;

constexpr unsigned splice_flags = SPLICE_F_NONBLOCK | SPLICE_F_MOVE;

ssize_t splice(int from, int to, std::size_t size) {
  while (true) {
    const ssize_t moved = ::splice(from, nullptr, to, nullptr, size, splice_flags);
    if (moved >= 0 || errno != EINTR) return moved;
  }
}

}  // namespace

RawFlow::State RawFlow::advance() {
  const std::uint64_t turn_ends = *count_ + max_turn;
  for (int i = 0; i < max_steps && *count_ < turn_ends; ++i) {
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

std::size_t RawFlow::held() const {
  return rest_bytes_ != 0 ? rest_bytes_ - rest_taken_ : pipe_ ? pipe_->bytes() : 0;
}

bool RawFlow::settle_in(FlowPlace& place) {
  const std::uint64_t moved = *count_;
  place.moved = moved;
  count_ = &place.moved;
  if (!note_positions(place, from().fd(), to().fd(), moved, held())) return false;
  if (rest_bytes_ != 0) place.keep(rest_.number(), moved - rest_taken_, rest_bytes_);
  if (pipe_) place.lend(pipe_->id());
  place_ = &place;
  return true;
}

void RawFlow::hold(std::span<const std::byte> bytes) {
  if (!bytes.empty()) keep(bytes);
}

void RawFlow::hold(PipePool::Loan pipe) {
  pipe_.emplace(std::move(pipe));
  if (place_ != nullptr) place_->lend(pipe_->id());
}

void RawFlow::let_go() {
  rest_.forsake();
  rest_bytes_ = 0;
  if (pipe_) std::move(*pipe_).forsake();
  pipe_.reset();
}

RawFlow::State RawFlow::verify() {
  from().forget_drained();
  return advance();
}

RawFlow::Step RawFlow::step() {
  if (rest_bytes_ != 0) return push_rest();
  if (pipe_ && pipe_->bytes() > 0) return drain_pipe();
  if (from().known_drained()) return Step::blocked_reading;
  if (allowance_ == 0) return wait_for_allowance();
  return splicing_ ? fill_pipe() : copy();
}

RawFlow::Step RawFlow::copy() {
  if (place_ != nullptr) memory_->label_scratch(place_->tag, *count_);
  const std::span<std::byte> scratch = memory_->scratch();
  const IoResult got = from_->try_read(scratch.first(std::min(scratch.size(), allowance_)));
  if (got.status == IoStatus::would_block) {
    unverified_ = false;
    return Step::blocked_reading;
  }
  if (got.status == IoStatus::eof) return Step::ended;
  if (!got.ok()) return Step::from_failed;
  unverified_ = true;
  allowance_ -= got.bytes;
  judge_read(got.bytes);
  const IoResult put = to_->try_write(scratch.first(got.bytes));
  if (put.status == IoStatus::failed) return Step::to_failed;
  *count_ += put.bytes;
  if (put.bytes == got.bytes) return Step::moved;
  keep(scratch.subspan(put.bytes, got.bytes - put.bytes));
  return Step::blocked_writing;
}

// The scratch may be another's only when the place says where the bytes are now.
void RawFlow::keep(std::span<const std::byte> bytes) {
  rest_ = memory_->take();
  std::memcpy(rest_.data(), bytes.data(), bytes.size());
  rest_bytes_ = static_cast<std::uint32_t>(bytes.size());
  rest_taken_ = 0;
  if (place_ != nullptr) place_->keep(rest_.number(), *count_, rest_bytes_);
}

void RawFlow::drop_rest() {
  if (place_ != nullptr) place_->drop_block();
  rest_ = {};
  rest_bytes_ = 0;
}

void RawFlow::drop_pipe() {
  if (place_ != nullptr) place_->give_back();
  pipe_.reset();
}

RawFlow::Step RawFlow::push_rest() {
  const IoResult put =
      to_->try_write({rest_.data() + rest_taken_, std::size_t{rest_bytes_} - rest_taken_});
  if (put.status == IoStatus::failed) return Step::to_failed;
  *count_ += put.bytes;
  rest_taken_ += static_cast<std::uint32_t>(put.bytes);
  if (rest_taken_ < rest_bytes_) return Step::blocked_writing;
  drop_rest();
  return Step::moved;
}

RawFlow::Step RawFlow::fill_pipe() {
  if (!pipe_) {
    if (auto loan = PipePool::current().borrow()) pipe_.emplace(std::move(*loan));
    if (pipe_ && place_ != nullptr) place_->lend(pipe_->id());
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
  drop_pipe();
  if (got == 0) return Step::ended;
  if (error != EAGAIN) return Step::from_failed;
  unverified_ = false;
  return Step::blocked_reading;
}

RawFlow::Step RawFlow::drain_pipe() {
  const ssize_t put = splice(pipe_->read_end(), to().fd(), pipe_->bytes());
  if (put < 0) return errno == EAGAIN ? Step::blocked_writing : Step::to_failed;
  *count_ += static_cast<std::size_t>(put);
  pipe_->drained(static_cast<std::size_t>(put));
  if (pipe_->bytes() > 0) return Step::moved;
  if (!splicing_) drop_pipe();
  return Step::moved;
}

// A pipe is not held while nothing may be put into it.
RawFlow::Step RawFlow::wait_for_allowance() {
  if (pipe_) drop_pipe();
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
