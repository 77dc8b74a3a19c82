// What has been read from a peer and not yet been used. Holds no memory while it is empty.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "runtime/stream.h"

namespace bulkhead::acceptor {

class ReadBuffer {
 public:
  std::string_view view() const { return std::string_view(bytes_).substr(used_); }
  std::span<const std::uint8_t> octets() const {
    const auto text = view();
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
  }
  bool empty() const { return used_ == bytes_.size(); }

  // Views into the buffer stay valid until the next append or clear.
  void consume(std::size_t count) {
    used_ += count;
    if (empty()) release();
  }
  void append(std::span<const std::byte> bytes) {
    if (used_ != 0) {
      bytes_.erase(0, used_);
      used_ = 0;
    }
    if (bytes_.size() + bytes.size() > bytes_.capacity() && !bytes_.empty()) grow(bytes.size());
    bytes_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  // consume() of what held a secret: it is overwritten, here and where it was read to.
  void consume_secret(std::size_t count);

  // What is left, given away.
  std::string take() {
    std::string rest(view());
    release();
    return rest;
  }

 private:
  // As the string would by itself, but what it leaves behind is overwritten.
  void grow(std::size_t more);
  void release() {
    std::string().swap(bytes_);
    used_ = 0;
  }

  std::string bytes_;
  std::size_t used_ = 0;
};

// What a read will find. nothing_yet: the peer has only now got, by a write that succeeded, what it
// will answer to, so that the first attempt is spared where the socket will tell. Nowhere else: a
// reset that comes together with bytes is found by a read or a write, not by waiting.
enum class Expect : std::uint8_t { anything, nothing_yet };

// Reads once, as much as there is up to 16 KiB, and appends it; waits until the deadline if there
// is nothing.
class ReadMore final : public runtime::detail::StreamOperation {
 public:
  ReadMore(runtime::Stream& stream, ReadBuffer& buffer, runtime::Deadline deadline, Expect expect)
      : StreamOperation(stream, deadline), buffer_(buffer), expect_(expect) {}
  bool await_ready() {
    const bool waits =
        expect_ == Expect::nothing_yet && stream_.is_raw() && stream_.socket().is_told_of_bytes();
    return !waits && attempt();
  }
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    return begin(self, self.promise().scope);
  }

 private:
  bool attempt() override;
  runtime::Direction blocked_on() const override { return stream_.read_blocked_on(); }

  ReadBuffer& buffer_;
  Expect expect_;
};

// runtime::IoResult got = co_await read_more(stream, buffer, deadline);
inline ReadMore read_more(runtime::Stream& stream, ReadBuffer& buffer, runtime::Deadline deadline,
                          Expect expect = Expect::anything) {
  return {stream, buffer, deadline, expect};
}

}  // namespace bulkhead::acceptor
