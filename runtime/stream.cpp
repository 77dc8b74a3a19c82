#include "runtime/stream.h"

#include <cerrno>
#include <sys/socket.h>

namespace bulkhead::runtime {
namespace {

IoResult from_errno(int error) {
  if (error == EAGAIN || error == EWOULDBLOCK) return {IoStatus::would_block, 0, 0};
  return {IoStatus::failed, 0, error};
}

}  // namespace

IoResult SocketStream::try_read(std::span<std::byte> buffer) {
  while (true) {
    const auto got = ::recv(socket_.fd(), buffer.data(), buffer.size(), 0);
    if (got > 0) {
      if (static_cast<std::size_t>(got) < buffer.size()) socket_.note_short_read();
      return {IoStatus::ok, static_cast<std::size_t>(got), 0};
    }
    if (got == 0) return {buffer.empty() ? IoStatus::ok : IoStatus::eof, 0, 0};
    if (errno == EAGAIN || errno == EWOULDBLOCK) socket_.note_short_read();
    if (errno != EINTR) return from_errno(errno);
  }
}

IoResult SocketStream::try_write(std::span<const std::byte> bytes) {
  while (true) {
    const auto put = ::send(socket_.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put >= 0) return {IoStatus::ok, static_cast<std::size_t>(put), 0};
    if (errno != EINTR) return from_errno(errno);
  }
}

void SocketStream::shutdown_write() {
  ::shutdown(socket_.fd(), SHUT_WR);
}

namespace detail {

bool StreamOperation::begin(std::coroutine_handle<> self, CancelScope* scope) {
  if (scope != nullptr && scope->cancelled()) {
    result_ = {IoStatus::cancelled, 0, 0};
    return false;
  }
  if (listen_or_finish()) return false;
  suspend(self, scope, deadline_);
  return true;
}

// An edge that came in before we listened is not delivered again: it is spent on another attempt.
bool StreamOperation::listen_or_finish() {
  waiting_for_ = blocked_on();
  while (stream_.socket().consume_edge(waiting_for_)) {
    if (attempt()) return true;
    waiting_for_ = blocked_on();
  }
  stream_.socket().listen(waiting_for_, this);
  return false;
}

bool StreamOperation::on_ready() {
  if (!attempt()) {
    if (blocked_on() == waiting_for_) return false;
    if (!listen_or_finish()) return true;
  }
  resume();
  return true;
}

void StreamOperation::on_wake(Wake wake) noexcept {
  stream_.socket().forget(waiting_for_);
  result_.status = wake == Wake::timed_out ? IoStatus::timed_out : IoStatus::cancelled;
}

}  // namespace detail

bool WriteAll::attempt() {
  while (written_ < bytes_.size()) {
    result_ = stream_.try_write(bytes_.subspan(written_));
    written_ += result_.bytes;
    result_.bytes = written_;
    if (result_.status != IoStatus::ok) return result_.status != IoStatus::would_block;
  }
  return true;
}

}  // namespace bulkhead::runtime
