#include "runtime/pipe_pool.h"

#include <algorithm>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace bulkhead::runtime {
namespace {

TEST(PipePool, LendsTheSamePipeAgain) {
  PipePool pool;
  int first = -1;
  {
    const auto loan = pool.borrow();
    ASSERT_TRUE(loan);
    first = loan->read_end();
    EXPECT_EQ(pool.lent(), 1u);
  }
  EXPECT_EQ(pool.lent(), 0u);
  EXPECT_EQ(pool.kept(), 1u);
  EXPECT_EQ(pool.borrow()->read_end(), first);
}

TEST(PipePool, LendsItsFewLargePipesFirst) {
  PipePool pool;
  const auto room = [](const PipePool::Loan& loan) {
    return ::fcntl(loan.read_end(), F_GETPIPE_SZ);
  };
  std::vector<PipePool::Loan> loans;
  while (loans.size() < PipePool::max_large + 2) loans.push_back(std::move(*pool.borrow()));
  if (room(loans.front()) < PipePool::large_pipe_bytes)
    GTEST_SKIP() << "this user may not have large pipes";
  EXPECT_EQ(room(loans.back()), PipePool::pipe_bytes) << "only a few are large";
  // One that is discarded makes room for another; one that comes back is lent before smaller ones.
  loans.front().filled(1);
  loans.clear();
  for (std::size_t i = 0; i < PipePool::max_large + 2; ++i)
    loans.push_back(std::move(*pool.borrow()));
  const auto large = std::count_if(loans.begin(), loans.end(), [&](const PipePool::Loan& loan) {
    return room(loan) == PipePool::large_pipe_bytes;
  });
  EXPECT_EQ(static_cast<std::size_t>(large), PipePool::max_large);
  EXPECT_EQ(room(loans.front()), PipePool::large_pipe_bytes);
}

TEST(PipePool, ClosesAPipeThatStillHoldsBytes) {
  PipePool pool;
  {
    auto loan = pool.borrow();
    ASSERT_TRUE(loan);
    ASSERT_EQ(::write(loan->write_end(), "abc", 3), 3);
    loan->filled(3);
    loan->drained(1);
  }
  EXPECT_EQ(pool.lent(), 0u);
  EXPECT_EQ(pool.kept(), 0u);
}

TEST(PipePool, KeepsAndLendsWithinBounds) {
  PipePool pool;
  {
    std::vector<PipePool::Loan> loans;
    while (auto loan = pool.borrow()) loans.push_back(std::move(*loan));
    EXPECT_LE(loans.size(), PipePool::max_lent);
    EXPECT_GT(loans.size(), PipePool::max_kept);
  }
  EXPECT_EQ(pool.kept(), PipePool::max_kept);
}

struct Listed final : PipePool::Registry {
  std::uint64_t made(int, int) override { return ++last; }
  void discarded(std::uint64_t id) override { gone.push_back(id); }
  std::uint64_t last = 0;
  std::vector<std::uint64_t> gone;
};

TEST(PipePool, TellsOfEachPipeThatIsMadeAndDiscarded) {
  PipePool pool;
  Listed registry;
  pool.set_registry(&registry);
  {
    EXPECT_EQ(pool.borrow()->id(), 1U);
  }
  {
    auto again = pool.borrow();
    EXPECT_EQ(again->id(), 1U);
    EXPECT_EQ(pool.borrow()->id(), 2U);
    EXPECT_TRUE(registry.gone.empty());
    EXPECT_EQ(::write(again->write_end(), "x", 1), 1);
    again->filled(1);
  }
  EXPECT_EQ(registry.gone, std::vector<std::uint64_t>{1});
}

TEST(PipePool, AForsakenPipeIsNotDiscarded) {
  PipePool pool;
  Listed registry;
  pool.set_registry(&registry);
  auto loan = pool.borrow();
  std::move(*loan).forsake();
  loan.reset();
  EXPECT_TRUE(registry.gone.empty());
  EXPECT_EQ(pool.lent(), 0U);
  EXPECT_EQ(pool.kept(), 0U);
}

TEST(PipePool, AdoptsAPipeWithWhatIsInIt) {
  PipePool pool;
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  ASSERT_EQ(::write(ends[1], "xyz", 3), 3);
  auto loan = pool.adopt({platform::UniqueFd(ends[0]), platform::UniqueFd(ends[1]), 9}, 3);
  EXPECT_EQ(loan.bytes(), 3U);
  EXPECT_EQ(loan.id(), 9U);
  EXPECT_EQ(pool.lent(), 1U);
}

}  // namespace
}  // namespace bulkhead::runtime
