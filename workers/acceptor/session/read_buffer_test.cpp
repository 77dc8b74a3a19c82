#include "workers/acceptor/session/read_buffer.h"

#include <array>
#include <functional>
#include <gtest/gtest.h>
#include <optional>
#include <sys/socket.h>

#include "runtime/task.h"
#include "runtime/timer.h"

namespace bulkhead::acceptor {
namespace {

using namespace std::chrono_literals;

// Counts how often a read was tried.
class CountingStream final : public runtime::Stream {
 public:
  explicit CountingStream(platform::UniqueFd fd) : inner_(std::move(fd)) {}
  runtime::IoResult try_read(std::span<std::byte> buffer) override {
    ++reads;
    return inner_.try_read(buffer);
  }
  runtime::IoResult try_write(std::span<const std::byte> bytes) override {
    return inner_.try_write(bytes);
  }
  void shutdown_write() override { inner_.shutdown_write(); }
  runtime::Socket& socket() override { return inner_.socket(); }
  bool is_raw() const override { return true; }

  int reads = 0;

 private:
  runtime::SocketStream inner_;
};

class ReadMoreTest : public ::testing::Test {
 protected:
  ReadMoreTest() {
    int fds[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    stream_.emplace(platform::UniqueFd(fds[0]));
    peer_.reset(fds[1]);
  }
  void say(std::string_view text) {
    EXPECT_EQ(::send(peer_.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  // One read, during which the peer may do something; its status.
  runtime::IoStatus read(Expect expect, std::function<void()> meanwhile = {}) {
    runtime::IoResult result;
    if (meanwhile) loop_.post(std::move(meanwhile));
    runtime::spawn(read_once(*this, expect, result));
    loop_.run();
    return result.status;
  }
  // So that a wait is answered by the event loop alone.
  void let_the_loop_see() {
    runtime::spawn([](runtime::Loop& loop) -> runtime::Task<void> {
      co_await runtime::sleep_for(2ms);
      loop.stop();
    }(loop_));
    loop_.run();
  }

  runtime::Loop loop_;
  std::optional<CountingStream> stream_;
  platform::UniqueFd peer_;
  ReadBuffer buffer_;

 private:
  static runtime::Task<void> read_once(ReadMoreTest& test, Expect expect,
                                       runtime::IoResult& result) {
    result = co_await read_more(*test.stream_, test.buffer_, test.loop_.after(1s), expect);
    test.loop_.stop();
  }
};

TEST_F(ReadMoreTest, TriesFirstWhereAnythingMayBeThere) {
  EXPECT_EQ(read(Expect::anything, [this] { say("a"); }), runtime::IoStatus::ok);
  EXPECT_EQ(stream_->reads, 2);
}

TEST_F(ReadMoreTest, WaitsFirstWhereNothingCanBeThereYet) {
  EXPECT_EQ(read(Expect::nothing_yet, [this] { say("a"); }), runtime::IoStatus::ok);
  EXPECT_EQ(stream_->reads, 1);
  EXPECT_EQ(read(Expect::nothing_yet, [this] { say("b"); }), runtime::IoStatus::ok);
  EXPECT_EQ(stream_->reads, 2) << "what the short read left is known";
  EXPECT_EQ(buffer_.view(), "ab");
}

TEST_F(ReadMoreTest, FindsWhatWasThereBeforeTheSocketWasWatched) {
  say("early");
  EXPECT_EQ(read(Expect::nothing_yet), runtime::IoStatus::ok);
  EXPECT_EQ(buffer_.view(), "early");
}

TEST_F(ReadMoreTest, FindsWhatCameWhileNobodyWaited) {
  EXPECT_EQ(read(Expect::nothing_yet, [this] { say("a"); }), runtime::IoStatus::ok);
  say("b");
  let_the_loop_see();
  EXPECT_EQ(read(Expect::nothing_yet), runtime::IoStatus::ok);
  say("c");
  EXPECT_EQ(read(Expect::nothing_yet), runtime::IoStatus::ok) << "unseen by the loop so far";
  EXPECT_EQ(buffer_.view(), "abc");
}

TEST_F(ReadMoreTest, FindsTheEndThatCameWithTheBytes) {
  EXPECT_EQ(read(Expect::nothing_yet,
                 [this] {
                   say("last");
                   peer_.reset();
                 }),
            runtime::IoStatus::ok);
  EXPECT_EQ(read(Expect::nothing_yet), runtime::IoStatus::eof);
}

TEST_F(ReadMoreTest, AReadThatFoundNothingIsAsGoodAsAShortOne) {
  EXPECT_EQ(read(Expect::nothing_yet, [this] { say("a"); }), runtime::IoStatus::ok);
  std::array<std::byte, 1> octet{};
  EXPECT_EQ(stream_->try_read(octet).status, runtime::IoStatus::would_block);
  EXPECT_TRUE(stream_->socket().known_drained());
  const int before = stream_->reads;
  EXPECT_EQ(read(Expect::nothing_yet, [this] { say("b"); }), runtime::IoStatus::ok);
  EXPECT_EQ(stream_->reads, before + 1);
}

}  // namespace
}  // namespace bulkhead::acceptor
