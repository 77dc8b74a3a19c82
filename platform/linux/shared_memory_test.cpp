#include "platform/shared_memory.h"

#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

namespace bulkhead::platform {
namespace {

constexpr std::size_t page = 4096;
using Access = SharedMapping::Access;
using Counter = std::atomic<std::uint64_t>;

TEST(SharedMemory, OneWritesAndTheOtherSees) {
  const auto memory = create_shared_memory("counters", page);
  ASSERT_TRUE(memory);
  auto writer = SharedMapping::map(memory->get(), page, Access::read_write);
  const auto reader = SharedMapping::map(memory->get(), page, Access::read_only);
  ASSERT_TRUE(writer);
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->as<Counter>().load(), 0U);
  writer->as<Counter>().store(42);
  EXPECT_EQ(reader->as<Counter>().load(), 42U);
}

TEST(SharedMemory, ItsSizeNeverChanges) {
  const auto memory = create_shared_memory("counters", page);
  ASSERT_TRUE(memory);
  EXPECT_EQ(ftruncate(memory->get(), 0), -1);
  EXPECT_EQ(ftruncate(memory->get(), 2 * page), -1);
}

TEST(SharedMemory, AnotherSizeIsRefused) {
  const auto memory = create_shared_memory("counters", page);
  ASSERT_TRUE(memory);
  const auto mapping = SharedMapping::map(memory->get(), 2 * page, Access::read_only);
  ASSERT_FALSE(mapping);
  EXPECT_EQ(mapping.error().code.value(), EINVAL);
}

TEST(SharedMemory, MemoryThatCouldShrinkIsRefused) {
  const UniqueFd loose(memfd_create("loose", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  ASSERT_EQ(ftruncate(loose.get(), page), 0);
  const auto mapping = SharedMapping::map(loose.get(), page, Access::read_write);
  ASSERT_FALSE(mapping);
  EXPECT_EQ(mapping.error().code.value(), EPERM);
}

TEST(SharedMemory, AReadOnlyViewCannotBeMappedForWriting) {
  const auto memory = create_shared_memory("counters", page);
  ASSERT_TRUE(memory);
  const auto view = read_only_view(memory->get());
  ASSERT_TRUE(view);
  EXPECT_TRUE(SharedMapping::map(view->get(), page, Access::read_only));
  EXPECT_FALSE(SharedMapping::map(view->get(), page, Access::read_write));
}

TEST(SharedMemory, AMovedMappingStays) {
  const auto memory = create_shared_memory("counters", page);
  ASSERT_TRUE(memory);
  auto first = SharedMapping::map(memory->get(), page, Access::read_write);
  ASSERT_TRUE(first);
  SharedMapping second(std::move(*first));
  second.as<Counter>().store(7);
  first = SharedMapping();
  EXPECT_EQ(second.as<Counter>().load(), 7U);
}

TEST(SharedMemory, GivesPagesBack) {
  const auto memory = create_shared_memory("pages", 2 * page);
  ASSERT_TRUE(memory);
  auto shared = SharedMapping::map(memory->get(), 2 * page, Access::read_write);
  auto own = SharedMapping::of_this_process(2 * page);
  ASSERT_TRUE(shared && own);
  for (auto* mapping : {&*shared, &*own}) {
    char* bytes = &mapping->as<char>();
    bytes[0] = bytes[page] = 'x';
    mapping->discard(page, page);
    EXPECT_EQ(bytes[0], 'x');
    EXPECT_EQ(bytes[page], '\0');
  }
}

}  // namespace
}  // namespace bulkhead::platform
