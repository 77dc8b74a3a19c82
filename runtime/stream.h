// A byte stream to a client or an upstream: a plain socket, or TLS over one.
//
// The try_ functions never block. read() and write_all() wait; each is an awaitable without a
// coroutine frame of its own:
//   IoResult got = co_await read(stream, buffer, deadline);
//   IoResult put = co_await write_all(stream, bytes, deadline);
// One coroutine may read and one may write at a time.
#pragma once

#include <coroutine>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "runtime/loop.h"
#include "runtime/socket.h"

namespace bulkhead::runtime {

struct IoResult {
  IoStatus status = IoStatus::ok;
  std::size_t bytes = 0;  // for write_all: what was written before it failed
  int error = 0;          // errno, when failed

  bool ok() const { return status == IoStatus::ok; }
};

class Stream {
 public:
  virtual ~Stream() = default;

  virtual IoResult try_read(std::span<std::byte> buffer) = 0;
  virtual IoResult try_write(std::span<const std::byte> bytes) = 0;
  // Half-close: the peer sees the end of what we send (FIN, or TLS close_notify). Best effort,
  // never blocks.
  virtual void shutdown_write() = 0;
  // Readiness is that of this socket, in the direction that the last try_read (try_write) found
  // blocked.
  virtual Socket& socket() = 0;
  virtual Direction read_blocked_on() const { return Direction::read; }
  virtual Direction write_blocked_on() const { return Direction::write; }
  // True if the bytes of the stream are the bytes of the socket, so that a relay may go around this
  // object.
  virtual bool is_raw() const { return false; }
};

class SocketStream final : public Stream {
 public:
  explicit SocketStream(platform::UniqueFd fd) : socket_(std::move(fd)) {}

  IoResult try_read(std::span<std::byte> buffer) override;
  IoResult try_write(std::span<const std::byte> bytes) override;
  void shutdown_write() override;
  Socket& socket() override { return socket_; }
  bool is_raw() const override { return true; }

 private:
  Socket socket_;
};

namespace detail {

// An operation that is attempted, waits for readiness, and is attempted again.
class StreamOperation : protected Blocked, private Socket::Listener {
 public:
  IoResult await_resume() const noexcept { return result_; }

 protected:
  StreamOperation(Stream& stream, Deadline deadline) : stream_(stream), deadline_(deadline) {}
  ~StreamOperation() = default;

  // True when finished, with result_ set; false when blocked.
  virtual bool attempt() = 0;
  virtual Direction blocked_on() const = 0;

  bool begin(std::coroutine_handle<> self, CancelScope* scope);

  Stream& stream_;
  Deadline deadline_;
  IoResult result_;

 private:
  bool listen_or_finish();
  bool on_ready() override;
  void on_wake(Wake wake) noexcept override;

  Direction waiting_for_ = Direction::read;
};

}  // namespace detail

class Read final : public detail::StreamOperation {
 public:
  Read(Stream& stream, std::span<std::byte> buffer, Deadline deadline)
      : StreamOperation(stream, deadline), buffer_(buffer) {}
  bool await_ready() { return attempt(); }
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    return begin(self, self.promise().scope);
  }

 private:
  bool attempt() override {
    result_ = stream_.try_read(buffer_);
    return result_.status != IoStatus::would_block;
  }
  Direction blocked_on() const override { return stream_.read_blocked_on(); }

  std::span<std::byte> buffer_;
};

class WriteAll final : public detail::StreamOperation {
 public:
  WriteAll(Stream& stream, std::span<const std::byte> bytes, Deadline deadline)
      : StreamOperation(stream, deadline), bytes_(bytes) {}
  bool await_ready() { return attempt(); }
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    return begin(self, self.promise().scope);
  }

 private:
  bool attempt() override;
  Direction blocked_on() const override { return stream_.write_blocked_on(); }

  std::span<const std::byte> bytes_;
  std::size_t written_ = 0;
};

inline Read read(Stream& stream, std::span<std::byte> buffer, Deadline deadline) {
  return {stream, buffer, deadline};
}
inline WriteAll write_all(Stream& stream, std::span<const std::byte> bytes, Deadline deadline) {
  return {stream, bytes, deadline};
}
inline WriteAll write_all(Stream& stream, std::string_view text, Deadline deadline) {
  return {stream, std::as_bytes(std::span(text)), deadline};
}
// Waits until a blocked try_read may succeed.
inline Ready readable(Stream& stream, Deadline deadline) {
  return ready(stream.socket(), stream.read_blocked_on(), deadline);
}
inline Ready writable(Stream& stream, Deadline deadline) {
  return ready(stream.socket(), stream.write_blocked_on(), deadline);
}

}  // namespace bulkhead::runtime
