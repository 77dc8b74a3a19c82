#include "platform/memory.h"

#include <gtest/gtest.h>
#include <vector>

namespace bulkhead::platform {
namespace {

TEST(Memory, TellsWhatIsAllocated) {
  const std::uint64_t before = allocated_memory();
  {
    const std::vector<char> large(8'000'000), another(8'000'000);
    EXPECT_GE(allocated_memory(), before + 15'000'000);
  }
  EXPECT_LT(allocated_memory(), before + 2'000'000);
}

}  // namespace
}  // namespace bulkhead::platform
