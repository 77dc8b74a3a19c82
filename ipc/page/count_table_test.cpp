#include "ipc/page/count_table.h"

#include <gtest/gtest.h>
#include <memory>
#include <random>
#include <thread>
#include <vector>

namespace bulkhead::ipc {
namespace {

using Answer = Counted::Answer;

struct Shared {
  Counting counting(std::uint32_t column) {
    columns = std::max(columns.load(), column + 1);
    return {*table, columns, column};
  }

  std::unique_ptr<CountTable> table = std::make_unique<CountTable>();
  std::atomic<std::uint32_t> columns = 0;
};

TEST(CountTable, TheLimitHoldsOverAllColumns) {
  Shared shared;
  Counting first = shared.counting(0), second = shared.counting(1);
  const Counted one = first.add(7, 3), two = second.add(7, 3), three = first.add(7, 3);
  EXPECT_EQ(three.answer, Answer::taken);
  EXPECT_EQ(second.add(7, 3).answer, Answer::too_many);
  EXPECT_EQ(second.add(8, 3).answer, Answer::taken) << "another key";
  second.remove(two.entry);
  EXPECT_EQ(first.add(7, 3).answer, Answer::taken);
  EXPECT_EQ(first.count(one.entry), 3U);
}

TEST(CountTable, WithoutALimitItCountsAllTheSame) {
  Shared shared;
  Counting counting = shared.counting(0);
  std::uint32_t entry = no_entry;
  for (int i = 0; i < 100; ++i) entry = counting.add(7, 0).entry;
  EXPECT_EQ(counting.count(entry), 100U);
  EXPECT_EQ(counting.add(7, 100).answer, Answer::too_many);
}

TEST(CountTable, AnEntryThatNobodyCountsInIsTakenForAnotherKey) {
  Shared shared;
  Counting counting = shared.counting(0);
  std::mt19937_64 random(1);
  for (int i = 0; i < 200'000; ++i) {
    const Counted counted = counting.add(random(), 1);
    ASSERT_EQ(counted.answer, Answer::taken);
    counting.remove(counted.entry);
  }
}

TEST(CountTable, HoldsManyKeysAtOnce) {
  Shared shared;
  Counting counting = shared.counting(0);
  std::mt19937_64 random(2);
  int refused = 0;
  for (std::size_t i = 0; i < count_entries * 3 / 4; ++i)
    refused += counting.add(random(), 1).answer == Answer::taken ? 0 : 1;
  EXPECT_LT(refused, 100);
}

TEST(CountTable, ACrashIsUndoneByZeroingTheColumn) {
  Shared shared;
  Counting dead = shared.counting(0), alive = shared.counting(1);
  for (int i = 0; i < 5; ++i) dead.add(7, 0);
  alive.add(7, 0);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(dead.add_to_total(0));
  EXPECT_TRUE(alive.add_to_total(0));
  EXPECT_EQ(alive.add(7, 6).answer, Answer::too_many);
  EXPECT_FALSE(alive.add_to_total(6));
  zero_column(*shared.table, 0);
  const Counted counted = alive.add(7, 6);
  EXPECT_EQ(counted.answer, Answer::taken);
  EXPECT_EQ(alive.count(counted.entry), 2U);
  EXPECT_EQ(alive.total(), 1U);
}

TEST(CountTable, WhatADeadProcessWasTakingIsFreed) {
  Shared shared;
  Counting alive = shared.counting(1);
  const std::uint32_t entry = alive.add(7, 0).entry;
  alive.remove(entry);
  for (auto& key : shared.table->keys) key = std::uint64_t{1} << 63;  // marked by column 0
  EXPECT_EQ(alive.add(7, 1).answer, Answer::no_room);
  zero_column(*shared.table, 0);
  EXPECT_EQ(alive.add(7, 1).answer, Answer::taken);
}

TEST(CountTable, NonsenseOfAnotherProcessShutsNobodyOut) {
  Shared shared;
  Counting alive = shared.counting(1);
  shared.counting(0);
  const std::uint32_t entry = alive.add(7, 0).entry;
  shared.table->columns[0].counts[entry] = UINT32_MAX;
  shared.table->columns[0].total = UINT32_MAX;
  EXPECT_EQ(alive.add(7, 2).answer, Answer::taken);
  EXPECT_TRUE(alive.add_to_total(1));
}

// Many processes (threads here) come and go for few keys: no more than the limit at any time, and
// nothing left at the end.
TEST(CountTable, NeverOneTooManyUnderContention) {
  constexpr std::uint32_t limit = 3, threads = 4;
  Shared shared;
  shared.counting(threads - 1);
  std::array<std::atomic<int>, 4> inside{};
  std::atomic<int> worst = 0, taken = 0;
  const auto come_and_go = [&](std::uint32_t column) {
    Counting counting(*shared.table, shared.columns, column);
    std::mt19937_64 random(column);
    for (int i = 0; i < 40'000; ++i) {
      const std::uint64_t key = random() % inside.size();
      const Counted counted = counting.add(key + 100, limit);
      if (counted.answer != Answer::taken) continue;
      const int now = ++inside[key];
      if (now > worst) worst = now;
      ++taken;
      if (i % 16 == 0) std::this_thread::yield();
      --inside[key];
      counting.remove(counted.entry);
    }
  };
  std::vector<std::thread> running;
  for (std::uint32_t i = 0; i < threads; ++i) running.emplace_back(come_and_go, i);
  for (auto& thread : running) thread.join();
  EXPECT_LE(worst, static_cast<int>(limit));
  EXPECT_GT(taken, 10'000);
  Counting counting(*shared.table, shared.columns, 0);
  for (std::uint32_t entry = 0; entry < count_entries; ++entry)
    ASSERT_EQ(counting.count(entry), 0U);
}

}  // namespace
}  // namespace bulkhead::ipc
