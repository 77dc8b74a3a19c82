#include "ipc/page/rate_table.h"

#include <gtest/gtest.h>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "ipc/page/keyed_hash.h"

namespace bulkhead::ipc {
namespace {

constexpr std::uint64_t second = 1'000'000'000;
constexpr std::uint64_t start = 1000 * second;
using Table = RateTable<1024>;

// The first of the reference vectors: key 00..0f, message 00..(n-1).
TEST(KeyedHash, IsSipHash24) {
  const HashKey key{0x0706050403020100, 0x0f0e0d0c0b0a0908};
  std::vector<std::uint8_t> message;
  const auto next = [&] { message.push_back(static_cast<std::uint8_t>(message.size())); };
  EXPECT_EQ(keyed_hash(key, message), 0x726fdb47dd0e0e31U);
  next();
  EXPECT_EQ(keyed_hash(key, message), 0x74f839c593dc67fdU);
  while (message.size() < 8) next();
  EXPECT_EQ(keyed_hash(key, message), 0x93f5f5799a932462U);
  while (message.size() < 15) next();
  EXPECT_EQ(keyed_hash(key, message), 0xa129ca6149be45e5U);
}

TEST(Rate, TakesTheBurstAndThenTheRate) {
  RateCell cell{};
  const std::uint64_t cost = second / 10;
  for (int i = 0; i < 6; ++i) EXPECT_EQ(take(cell, start, cost, 5 * cost), 0U) << i;
  EXPECT_EQ(take(cell, start, cost, 5 * cost), cost);
  EXPECT_EQ(take(cell, start + cost, cost, 5 * cost), 0U);
  EXPECT_NE(take(cell, start + cost, cost, 5 * cost), 0U);
  int taken = 0;
  for (std::uint64_t now = start + cost; now < start + 100 * second; now += second / 100)
    taken += take(cell, now, cost, 5 * cost) == 0 ? 1 : 0;
  EXPECT_NEAR(taken, 999, 1);
}

TEST(Rate, AReservationBeginsWhenThoseBeforeItAreDone) {
  RateCell cell{};
  EXPECT_EQ(reserve(cell, start, 100, 0), start);
  EXPECT_EQ(reserve(cell, start, 50, 0), start + 100);
  EXPECT_EQ(reserve(cell, start + 10, 50, 0), start + 150);
  give_back(cell, 50);
  EXPECT_EQ(reserve(cell, start + 20, 1, 0), start + 150);
}

TEST(Rate, SavingsAreBounded) {
  RateCell cell{};
  EXPECT_EQ(reserve(cell, start, 10, 1000), start - 1000);
  EXPECT_EQ(reserve(cell, start + second, 10, 1000), start + second - 1000);
}

TEST(Rate, ADebtThatNobodyCanHaveIsNotBelieved) {
  RateCell cell{};
  cell.paid_until = UINT64_MAX;
  EXPECT_EQ(take(cell, start, second, 0), 0U);
  cell.paid_until = UINT64_MAX;
  EXPECT_EQ(reserve(cell, start, second, 0), start);
}

TEST(RateTable, AKeyKeepsItsCellWhileItOwes) {
  const auto table = std::make_unique<Table>();
  std::mt19937_64 random(1);
  std::vector<std::uint64_t> keys;
  for (int i = 0; i < 400; ++i) keys.push_back(random());
  for (const std::uint64_t key : keys) take(table->find(key, start), start, second, 0);
  int refused = 0;
  for (const std::uint64_t key : keys)
    refused += take(table->find(key, start), start, second, 0) != 0 ? 1 : 0;
  EXPECT_EQ(refused, 400);
}

TEST(RateTable, WhoHasPaidGivesItsCellAway) {
  const auto table = std::make_unique<Table>();
  std::mt19937_64 random(2);
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t now = start + static_cast<std::uint64_t>(i) * second / 100;
    EXPECT_EQ(take(table->find(random(), now), now, second, 0), 0U);
  }
}

// More keys that owe than cells: somebody is forgotten, and those who owe most are not.
TEST(RateTable, WhenItIsFullTheSmallestDebtIsForgotten) {
  const auto table = std::make_unique<Table>();
  std::mt19937_64 random(3);
  const std::uint64_t offender = random();
  take(table->find(offender, start), start, 60 * second, 0);
  for (int i = 0; i < 20'000; ++i) take(table->find(random(), start), start, second, 0);
  EXPECT_NE(take(table->find(offender, start), start, second, 0), 0U);
}

// What several threads are given together is what one would have been given.
TEST(RateTable, ManyTakersGetNoMoreThanTheRate) {
  const auto table = std::make_unique<Table>();
  std::atomic<int> taken = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (std::uint64_t now = start; now < start + 10 * second; now += second / 1000)
        taken += take(table->find(77, now), now, second / 100, second / 100) == 0 ? 1 : 0;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_GE(taken, 1000);
  EXPECT_LE(taken, 1010);
}

}  // namespace
}  // namespace bulkhead::ipc
