#include "runtime/task.h"

#include <gtest/gtest.h>

#include "runtime/both.h"
#include "runtime/event.h"
#include "runtime/gate.h"
#include "runtime/timer.h"

namespace bulkhead::runtime {
namespace {

using namespace std::chrono_literals;

Task<int> add(int left, int right) {
  co_return left + right;
}

Task<void> nested(int& result) {
  const int first = co_await add(1, 2);
  const int second = co_await add(first, 4);
  result = second;
}

TEST(Task, ReturnsValuesThroughLevels) {
  Loop loop;
  int result = 0;
  spawn(nested(result));
  EXPECT_EQ(result, 7);
}

Task<void> throws() {
  throw 5;
  co_return;
}

Task<void> catches(bool& caught) {
  try {
    co_await throws();
  } catch (int) {
    caught = true;
  }
}

// A relay or a body of a million pieces that never has to wait: the stack must not grow with them.
Task<void> awaits_many(int count, int& sum) {
  for (int i = 0; i < count; ++i) {
    const int added = co_await add(sum, 1);
    sum = added;
  }
}

TEST(Task, TakesNoStackForAwaitsThatNeedNotWait) {
  Loop loop;
  int sum = 0;
  spawn(awaits_many(1'000'000, sum));
  EXPECT_EQ(sum, 1'000'000);
}

TEST(Task, PassesExceptionsToTheAwaiter) {
  Loop loop;
  bool caught = false;
  spawn(catches(caught));
  EXPECT_TRUE(caught);
}

Task<void> sleeps(Duration time, bool& completed, bool& ended) {
  completed = co_await sleep_for(time);
  ended = true;
}

Task<void> two_sleeps(bool* completed, bool* ended, Loop& loop) {
  co_await both(sleeps(1ms, completed[0], ended[0]), sleeps(3ms, completed[1], ended[1]));
  loop.stop();
}

// A task may be done, and say stop, before anybody runs the loop.
TEST(Loop, ToldToStopBeforeItRunsDoesNotRun) {
  Loop loop;
  loop.stop();
  loop.run();
  bool called = false;
  loop.post([&] {
    called = true;
    loop.stop();
  });
  loop.run();
  EXPECT_TRUE(called);
}

TEST(Both, EndsWithTheLast) {
  Loop loop;
  bool completed[2] = {}, ended[2] = {};
  spawn(two_sleeps(completed, ended, loop));
  loop.run();
  EXPECT_TRUE(completed[0] && completed[1] && ended[0] && ended[1]);
}

TEST(CancelScope, EndsEverythingUnderItAndWhatComesLater) {
  Loop loop;
  CancelScope parent;
  CancelScope child(&parent);
  bool completed = true, ended = false;
  spawn(sleeps(1h, completed, ended), &child);
  parent.cancel();
  EXPECT_FALSE(ended) << "cancelling must not resume inline";
  loop.post([&] { loop.stop(); });
  loop.run();
  EXPECT_TRUE(ended);
  EXPECT_FALSE(completed);
  completed = true;
  spawn(sleeps(1h, completed, ended), &child);
  EXPECT_FALSE(completed);
}

Task<void> waits(Event& event, Deadline deadline, Event::Result& result) {
  result = co_await event.wait(deadline);
}

TEST(Event, WakesAllAndTimesOut) {
  Loop loop;
  Event event;
  Event::Result first = Event::Result::cancelled, second = first, third = first;
  spawn(waits(event, never, first));
  spawn(waits(event, never, second));
  spawn(waits(event, loop.after(1ms), third));
  bool completed = false, ended = false;
  spawn(sleeps(20ms, completed, ended));
  spawn([](Event& target, Loop& running) -> Task<void> {
    co_await sleep_for(10ms);
    target.set();
    co_await sleep_for(15ms);
    running.stop();
  }(event, loop));
  loop.run();
  EXPECT_EQ(first, Event::Result::set);
  EXPECT_EQ(second, Event::Result::set);
  EXPECT_EQ(third, Event::Result::timed_out);
}

Task<void> holds(Gate::Pass, Duration time) {
  co_await sleep_for(time);
}

Task<void> note_lag(Duration& lag) {
  co_await sleep_for(200ms);
  lag = std::chrono::duration_cast<Duration>(Clock::now() - Loop::current().now());
  Loop::current().stop();
}

// A deadline made right after a long wait must not count the wait.
TEST(Loop, KnowsTheTimeAfterALongWait) {
  Loop loop;
  Duration lag{};
  spawn(note_lag(lag));
  loop.run();
  EXPECT_LT(lag, 100ms);
}

TEST(Gate, IsEmptyOnlyWhenAllHaveLeft) {
  Loop loop;
  Gate gate;
  spawn(holds(gate.enter(), 1ms));
  spawn(holds(gate.enter(), 5ms));
  EXPECT_EQ(gate.count(), 2u);
  spawn([](Gate& watched, Loop& running) -> Task<void> {
    co_await watched.empty();
    running.stop();
  }(gate, loop));
  loop.run();
  EXPECT_EQ(gate.count(), 0u);
}

}  // namespace
}  // namespace bulkhead::runtime
