#include "runtime/copy_memory.h"

#include <cstring>
#include <gtest/gtest.h>

namespace bulkhead::runtime {
namespace {

using platform::SharedMapping;
using Access = SharedMapping::Access;

struct Shared {
  Shared() : memory(*platform::create_shared_memory("copies", CopyMemory::size)) {
    copies.use(*SharedMapping::map(memory.get(), CopyMemory::size, Access::read_write));
  }
  CopyMemory::Remains remains() const {
    return CopyMemory::Remains(
        *SharedMapping::map(memory.get(), CopyMemory::size, Access::read_only));
  }
  platform::UniqueFd memory;
  CopyMemory copies;
};

std::string text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(CopyMemory, WhatIsInTheScratchIsFoundByItsLabel) {
  Shared shared;
  shared.copies.label_scratch(7, 1000);
  std::memcpy(shared.copies.scratch().data(), "hello", 5);
  const auto remains = shared.remains();
  EXPECT_EQ(text(remains.in_scratch(7, 1000, 1005)), "hello");
  EXPECT_EQ(text(remains.in_scratch(7, 1002, 1005)), "llo");
}

TEST(CopyMemory, TheScratchDoesNotAnswerForOthersOrBeyondItself) {
  Shared shared;
  shared.copies.label_scratch(7, 1000);
  const auto remains = shared.remains();
  EXPECT_TRUE(remains.in_scratch(8, 1000, 1005).empty());
  EXPECT_TRUE(remains.in_scratch(7, 999, 1005).empty());
  EXPECT_TRUE(remains.in_scratch(7, 1005, 1004).empty());
  EXPECT_TRUE(remains.in_scratch(7, 1000, 1001 + CopyMemory::block_bytes).empty());
  EXPECT_EQ(remains.in_scratch(7, 1000, 1000 + CopyMemory::block_bytes).size(),
            CopyMemory::block_bytes);
  shared.copies.label_scratch(0, 1000);
  EXPECT_TRUE(remains.in_scratch(0, 1000, 1005).empty());
}

TEST(CopyMemory, BlocksAreFoundByTheirNumber) {
  Shared shared;
  auto first = shared.copies.take();
  auto second = shared.copies.take();
  std::memcpy(first.data(), "first", 5);
  std::memcpy(second.data(), "other", 5);
  const auto remains = shared.remains();
  EXPECT_EQ(text(remains.in_block(first.number(), 5)), "first");
  EXPECT_EQ(text(remains.in_block(second.number(), 5)), "other");
  for (const std::uint32_t number : {0U, CopyMemory::blocks + 1, 0xffffffffU})
    EXPECT_TRUE(remains.in_block(number, 5).empty()) << number;
  EXPECT_TRUE(remains.in_block(1, CopyMemory::block_bytes + 1).empty());
}

TEST(CopyMemory, GoesOnWithMemoryOfItsOwnWhenTheBlocksAreUsedUp) {
  Shared shared;
  std::vector<CopyMemory::Block> taken;
  for (std::uint32_t i = 0; i < CopyMemory::blocks; ++i) taken.push_back(shared.copies.take());
  EXPECT_EQ(taken.back().number(), CopyMemory::blocks);
  auto more = shared.copies.take();
  EXPECT_EQ(more.number(), 0U);
  std::memset(more.data(), 1, CopyMemory::block_bytes);
  EXPECT_EQ(shared.copies.lent(), CopyMemory::blocks);
  taken.clear();
  EXPECT_EQ(shared.copies.lent(), 0U);
  EXPECT_NE(shared.copies.take().number(), 0U);
}

TEST(CopyMemory, AForsakenBlockIsNotUsedAgain) {
  Shared shared;
  auto block = shared.copies.take();
  const std::uint32_t number = block.number();
  std::memcpy(block.data(), "still", 5);
  block.forsake();
  block = {};
  EXPECT_NE(shared.copies.take().number(), number);
  EXPECT_EQ(text(shared.remains().in_block(number, 5)), "still");
}

TEST(CopyMemory, OfAnotherSizeNothingIsFound) {
  const auto small = platform::create_shared_memory("small", 4096);
  const CopyMemory::Remains remains(*SharedMapping::map(small->get(), 4096, Access::read_only));
  EXPECT_TRUE(remains.in_block(1, 5).empty());
  EXPECT_TRUE(remains.in_scratch(1, 0, 5).empty());
}

}  // namespace
}  // namespace bulkhead::runtime
