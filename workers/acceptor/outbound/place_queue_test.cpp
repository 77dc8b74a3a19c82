#include "workers/acceptor/outbound/place_queue.h"

#include <gtest/gtest.h>
#include <optional>

#include "runtime/timer.h"

namespace bulkhead::acceptor {
namespace {

using namespace std::chrono_literals;

runtime::Task<void> stop_after(runtime::Duration time) {
  co_await runtime::sleep_for(time);
  runtime::Loop::current().stop();
}

void run_for(runtime::Loop& loop, runtime::Duration time) {
  runtime::spawn(stop_after(time));
  loop.run();
}

runtime::Task<void> hold(PlaceQueue& queue, std::uint32_t kind, std::function<bool()> attempt,
                         runtime::Duration patience, std::optional<bool>& result) {
  result = co_await queue.wait(kind, std::move(attempt), runtime::Loop::current().after(patience));
}

class PlaceQueueTest : public ::testing::Test {
 protected:
  // Who waits still is called off, and the queue has looked once more and found nobody.
  ~PlaceQueueTest() override {
    scope_.cancel();
    run_for(loop_, 50ms);
  }

  void wait(std::uint32_t kind, std::string name, std::optional<bool>& result,
            runtime::CancelScope* scope = nullptr, runtime::Duration patience = 10s) {
    runtime::spawn(hold(
                       queue_, kind,
                       [this, name] {
                         if (free_ == 0) return false;
                         --free_;
                         order_ += name;
                         return true;
                       },
                       patience, result),
                   scope != nullptr ? scope : &scope_);
  }

  runtime::Loop loop_;
  runtime::CancelScope scope_;
  PlaceQueue queue_;
  int free_ = 0;
  std::string order_;
  std::optional<bool> first_, second_, third_;
};

TEST_F(PlaceQueueTest, ServesInTheOrderTheyCame) {
  wait(1, "a", first_);
  wait(1, "b", second_);
  wait(1, "c", third_);
  EXPECT_TRUE(queue_.has_waiting(1));
  EXPECT_FALSE(queue_.has_waiting(2));
  free_ = 2;
  queue_.look();
  run_for(loop_, 1ms);
  EXPECT_EQ(order_, "ab");
  EXPECT_TRUE(first_ && *first_ && second_ && *second_ && !third_);
  free_ = 1;
  queue_.look();
  run_for(loop_, 1ms);
  EXPECT_EQ(order_, "abc");
  EXPECT_EQ(queue_.size(), 0u);
}

TEST_F(PlaceQueueTest, LooksByItselfWhatOtherProcessesGaveBack) {
  wait(1, "a", first_);
  run_for(loop_, 1ms);
  EXPECT_FALSE(first_);
  free_ = 1;
  run_for(loop_, 50ms);
  EXPECT_EQ(order_, "a");
  // And again for the next, when all had been served in between.
  wait(1, "b", second_);
  run_for(loop_, 1ms);
  free_ = 1;
  run_for(loop_, 50ms);
  EXPECT_EQ(order_, "ab");
}

TEST_F(PlaceQueueTest, OneKindDoesNotHoldUpAnother) {
  runtime::spawn(hold(queue_, 1, [] { return false; }, 10s, third_), &scope_);
  wait(2, "b", second_);
  free_ = 1;
  queue_.look();
  run_for(loop_, 1ms);
  EXPECT_EQ(order_, "b");
  EXPECT_FALSE(third_);
}

TEST_F(PlaceQueueTest, GivesUpAtTheDeadlineAndWhenCancelled) {
  runtime::CancelScope scope;
  wait(1, "a", first_, nullptr, 20ms);
  wait(1, "b", second_, &scope);
  run_for(loop_, 60ms);
  EXPECT_TRUE(first_ && !*first_);
  EXPECT_FALSE(second_);
  scope.cancel();
  run_for(loop_, 1ms);
  EXPECT_TRUE(second_ && !*second_);
  EXPECT_EQ(queue_.size(), 0u);
}

}  // namespace
}  // namespace bulkhead::acceptor
