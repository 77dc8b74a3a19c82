#include "workers/acceptor/outbound/upstream_pool.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "runtime/task.h"
#include "runtime/timer.h"

namespace bulkhead::acceptor {
namespace {

using namespace std::chrono_literals;

struct Made {
  Upstream upstream;
  platform::UniqueFd peer;
};

Made make(BackendCount& count) {
  int fds[2];
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
  return {Upstream{std::make_unique<runtime::SocketStream>(platform::UniqueFd(fds[0])),
                   {},
                   {},
                   {},
                   {},
                   {},
                   BackendCounters::Use(count),
                   {}},
          platform::UniqueFd(fds[1])};
}

void run_for(runtime::Loop& loop, runtime::Duration time) {
  runtime::spawn([](runtime::Loop& running, runtime::Duration wait) -> runtime::Task<void> {
    co_await runtime::sleep_for(wait);
    running.stop();
  }(loop, time));
  loop.run();
}

TEST(UpstreamPool, GivesBackTheLatestOfTheSameWayOnly) {
  runtime::Loop loop;
  BackendCount count;
  UpstreamPool pool;
  Made first = make(count), second = make(count);
  runtime::Stream* latest = second.upstream.stream.get();
  pool.put("a", std::move(first.upstream), 10, 10s);
  pool.put("a", std::move(second.upstream), 10, 10s);
  EXPECT_FALSE(pool.take("b"));
  const auto taken = pool.take("a");
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->stream.get(), latest);
  EXPECT_EQ(pool.size(), 1u);
  EXPECT_EQ(count.active.get(), 2u);
  pool.clear();
  run_for(loop, 1ms);
  EXPECT_EQ(count.active.get(), 1u);
}

TEST(UpstreamPool, DropsWhatTheUpstreamClosesOrSpeaksOn) {
  runtime::Loop loop;
  BackendCount count;
  UpstreamPool pool;
  Made closed = make(count), chatty = make(count);
  pool.put("a", std::move(closed.upstream), 10, 10s);
  pool.put("a", std::move(chatty.upstream), 10, 10s);
  closed.peer.reset();
  EXPECT_EQ(::send(chatty.peer.get(), "x", 1, MSG_NOSIGNAL), 1);
  run_for(loop, 5ms);
  EXPECT_EQ(pool.size(), 0u);
  EXPECT_EQ(count.active.get(), 0u);
}

TEST(UpstreamPool, IsBoundedOverAllWays) {
  runtime::Loop loop;
  BackendCount count;
  UpstreamPool pool;
  std::vector<platform::UniqueFd> peers;
  for (std::size_t i = 0; i < UpstreamPool::max_total + 20; ++i) {
    Made made = make(count);
    peers.push_back(std::move(made.peer));
    pool.put(std::to_string(i), std::move(made.upstream), 10, 10s);
  }
  EXPECT_EQ(pool.size(), UpstreamPool::max_total);
  pool.clear();
  run_for(loop, 1ms);
  EXPECT_EQ(count.active.get(), 0u);
}

TEST(UpstreamPool, NeverHandsOutAClosedOne) {
  runtime::Loop loop;
  BackendCount count;
  UpstreamPool pool;
  Made closed = make(count);
  pool.put("a", std::move(closed.upstream), 10, 10s);
  closed.peer.reset();
  EXPECT_FALSE(pool.take("a"));
  run_for(loop, 1ms);
}

TEST(UpstreamPool, LooksForWhatWaitedTooLongWithOneTimer) {
  runtime::Loop loop;
  BackendCount count;
  UpstreamPool pool;
  Made early = make(count), late = make(count), other = make(count);
  pool.put("a", std::move(early.upstream), 10, 5ms);
  pool.put("a", std::move(late.upstream), 10, 10s);
  pool.put("b", std::move(other.upstream), 10, 10ms);
  run_for(loop, 40ms);
  EXPECT_EQ(pool.size(), 1u);
  EXPECT_FALSE(pool.take("b"));
  // Whoever comes and goes meanwhile does not put the end off.
  auto taken = pool.take("a");
  ASSERT_TRUE(taken);
  pool.put("a", std::move(*taken), 10, 5ms);
  run_for(loop, 30ms);
  EXPECT_EQ(pool.size(), 0u);
}

TEST(UpstreamPool, KeepsNoMoreAndNoLongerThanAllowed) {
  runtime::Loop loop;
  BackendCount count;
  UpstreamPool pool;
  Made made[3] = {make(count), make(count), make(count)};
  for (Made& each : made) pool.put("a", std::move(each.upstream), 2, 5ms);
  EXPECT_EQ(pool.size(), 2u);
  run_for(loop, 20ms);
  EXPECT_EQ(pool.size(), 0u);
  EXPECT_EQ(count.active.get(), 0u);
}

}  // namespace
}  // namespace bulkhead::acceptor
