#include "runtime/stream.h"

#include <array>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <vector>

#include "runtime/both.h"
#include "runtime/datagram.h"
#include "runtime/timer.h"

namespace bulkhead::runtime {
namespace {

using namespace std::chrono_literals;

struct Pair {
  Pair() {
    int fds[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    left = std::make_unique<SocketStream>(platform::UniqueFd(fds[0]));
    right = std::make_unique<SocketStream>(platform::UniqueFd(fds[1]));
  }
  std::unique_ptr<SocketStream> left, right;
};

Task<void> send_all(Stream& stream, std::vector<std::byte> bytes) {
  const IoResult put = co_await write_all(stream, bytes, never);
  EXPECT_TRUE(put.ok());
  EXPECT_EQ(put.bytes, bytes.size());
  stream.shutdown_write();
}

Task<void> receive_all(Stream& stream, std::vector<std::byte>& out) {
  std::array<std::byte, 1000> buffer;
  while (true) {
    const IoResult got = co_await read(stream, buffer, never);
    if (got.status == IoStatus::eof) co_return;
    EXPECT_TRUE(got.ok());
    out.insert(out.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(got.bytes));
  }
}

Task<void> transfer(Stream& from, Stream& to, std::vector<std::byte> bytes,
                    std::vector<std::byte>& out, Loop& loop) {
  co_await both(send_all(from, std::move(bytes)), receive_all(to, out));
  loop.stop();
}

TEST(Stream, CarriesMoreThanTheSocketBuffers) {
  Loop loop;
  Pair pair;
  std::vector<std::byte> sent(3'000'000);
  for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<std::byte>(i * 31 >> 3);
  std::vector<std::byte> received;
  spawn(transfer(*pair.left, *pair.right, sent, received, loop));
  loop.run();
  EXPECT_EQ(received, sent);
}

Task<void> read_once(Stream& stream, Deadline deadline, IoResult& result, Loop& loop) {
  std::array<std::byte, 16> buffer;
  result = co_await read(stream, buffer, deadline);
  loop.stop();
}

TEST(Stream, ReadEndsAtItsDeadline) {
  Loop loop;
  Pair pair;
  IoResult result;
  spawn(read_once(*pair.left, loop.after(2ms), result, loop));
  loop.run();
  EXPECT_EQ(result.status, IoStatus::timed_out);
}

TEST(Stream, ReadEndsWhenCancelled) {
  Loop loop;
  Pair pair;
  CancelScope scope;
  IoResult result;
  spawn(read_once(*pair.left, never, result, loop), &scope);
  scope.cancel();
  loop.run();
  EXPECT_EQ(result.status, IoStatus::cancelled);
}

Task<void> read_then_finish(std::unique_ptr<SocketStream> stream, int& running, Loop& loop) {
  std::array<std::byte, 16> buffer;
  const IoResult got = co_await read(*stream, buffer, never);
  EXPECT_TRUE(got.ok());
  stream.reset();
  if (--running == 0) loop.stop();
}

TEST(Socket, MayDieInsideItsOwnCallback) {
  Loop loop;
  Pair pair;
  int running = 1;
  spawn(read_then_finish(std::move(pair.left), running, loop));
  loop.post([&] { pair.right->try_write(std::as_bytes(std::span("x", 1))); });
  loop.run();
  EXPECT_EQ(running, 0);
}

// A reader and a writer blocked on one socket; the peer's read makes it writable and its write
// makes it readable at once. The reader ends everything while the writer's turn is still to come.
Task<void> fill(Stream& stream, IoResult& result) {
  const std::vector<std::byte> bytes(8'000'000);
  result = co_await write_all(stream, bytes, never);
}
Task<void> read_and_cancel(Stream& stream, CancelScope& scope) {
  std::array<std::byte, 16> buffer;
  const IoResult got = co_await read(stream, buffer, never);
  EXPECT_TRUE(got.ok());
  scope.cancel();
}
Task<void> reader_and_writer(std::unique_ptr<SocketStream> stream, IoResult& result, Loop& loop) {
  CancelScope scope;
  co_await both(fill(*stream, result).under(scope), read_and_cancel(*stream, scope));
  stream.reset();
  loop.stop();
}

TEST(Socket, SurvivesBothDirectionsFiringWhenTheFirstCancelsTheOther) {
  Loop loop;
  Pair pair;
  IoResult result;
  spawn(reader_and_writer(std::move(pair.left), result, loop));
  loop.post([&] {
    std::vector<std::byte> buffer(8'000'000);
    pair.right->try_read(buffer);
    pair.right->try_write(std::as_bytes(std::span("x", 1)));
  });
  loop.run();
  EXPECT_EQ(result.status, IoStatus::cancelled);
}

TEST(Datagram, MarksWhatWasCut) {
  Loop loop;
  int fds[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
  Socket left{platform::UniqueFd(fds[0])}, right{platform::UniqueFd(fds[1])};
  const std::array<std::byte, 32> payload{};
  EXPECT_TRUE(try_send(left, payload));
  std::array<std::byte, 8> buffer;
  const Datagram got = try_receive(right, buffer);
  EXPECT_TRUE(got.truncated);
  EXPECT_EQ(got.bytes, 8u);
  EXPECT_EQ(try_receive(right, buffer).status, IoStatus::would_block);
}

}  // namespace
}  // namespace bulkhead::runtime
