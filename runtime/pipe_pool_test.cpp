#include "runtime/pipe_pool.h"

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

}  // namespace
}  // namespace bulkhead::runtime
