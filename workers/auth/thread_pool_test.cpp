// Work on other threads, awaited on the loop's.
#include "workers/auth/thread_pool.h"

#include <gtest/gtest.h>
#include <latch>
#include <optional>

#include "runtime/timer.h"

namespace bulkhead::auth {
namespace {

using namespace std::chrono_literals;

void run(runtime::Loop& loop, runtime::Task<void> test) {
  runtime::spawn([](runtime::Loop& here, runtime::Task<void> inner) -> runtime::Task<void> {
    co_await std::move(inner);
    here.stop();
  }(loop, std::move(test)));
  loop.run();
}

// What a pool that is gone had waiting on the loop ends in the loop's next rounds.
class ThreadPoolTest : public ::testing::Test {
 protected:
  ~ThreadPoolTest() override {
    pool_.reset();
    run(loop_, []() -> runtime::Task<void> { co_await runtime::sleep_for(1ms); }());
  }
  ThreadPool& pool(unsigned threads, int nice) { return pool_.emplace(threads, nice); }

  runtime::Loop loop_;
  std::optional<ThreadPool> pool_;
};

TEST_F(ThreadPoolTest, RunsElsewhereAndComesBack) {
  run(loop_, [](ThreadPool& threads) -> runtime::Task<void> {
    const auto here = std::this_thread::get_id();
    std::function<std::thread::id()> work = [] { return std::this_thread::get_id(); };
    const auto there = co_await threads.run<std::thread::id>(std::move(work));
    EXPECT_TRUE(there);
    EXPECT_NE(*there, here);
    EXPECT_EQ(std::this_thread::get_id(), here);
  }(pool(2, 5)));
}

TEST_F(ThreadPoolTest, ManyAtATime) {
  run(loop_, [](ThreadPool& threads) -> runtime::Task<void> {
    std::vector<int> results;
    runtime::Gate gate;
    for (int each = 0; each < 100; ++each) {
      runtime::spawn([](ThreadPool& on, int number, std::vector<int>& out,
                        runtime::Gate::Pass) -> runtime::Task<void> {
        std::function<int()> work = [number] { return number; };
        const auto result = co_await on.run<int>(std::move(work));
        out.push_back(*result);
      }(threads, each, results, gate.enter()));
    }
    co_await gate.empty();
    EXPECT_EQ(results.size(), 100U);
  }(pool(4, 0)));
}

TEST_F(ThreadPoolTest, ADeadlineEndsTheWaitAndNotTheWork) {
  std::latch may_end(1);
  std::atomic<bool> ended{false};
  run(loop_,
      [](ThreadPool& threads, std::latch& latch, std::atomic<bool>& flag) -> runtime::Task<void> {
        std::function<int()> work = [&latch, &flag] {
          latch.wait();
          flag = true;
          return 1;
        };
        const auto late =
            co_await threads.run<int>(std::move(work), runtime::Loop::current().after(10ms));
        EXPECT_FALSE(late);
        // What has not begun when nobody waits any more is never begun.
        std::function<int()> never = []() -> int { std::abort(); };
        const auto queued =
            co_await threads.run<int>(std::move(never), runtime::Loop::current().after(10ms));
        EXPECT_FALSE(queued);
        latch.count_down();
        std::function<int()> next = [] { return 2; };
        const auto after = co_await threads.run<int>(std::move(next));
        EXPECT_EQ(after, 2);
      }(pool(1, 0), may_end, ended));
  pool_.reset();
  EXPECT_TRUE(ended);
}

}  // namespace
}  // namespace bulkhead::auth
