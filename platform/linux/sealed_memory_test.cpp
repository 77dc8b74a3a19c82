// Sealed memory: what was written is what is read, and nothing can change it.
#include "platform/sealed_memory.h"

#include <cerrno>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

namespace bulkhead::platform {
namespace {

TEST(SealedMemory, gives_back_the_bytes_to_every_reader) {
  const std::string bytes = std::string("config\0text", 11) + std::string(100000, 'x');
  const auto memory = create_sealed_memory("config", bytes);
  ASSERT_TRUE(memory);
  for (int i = 0; i < 2; ++i) {
    const auto read = read_sealed_memory(memory->get(), bytes.size());
    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_EQ(*read, bytes);
  }
  const auto empty = create_sealed_memory("empty", "");
  ASSERT_TRUE(empty);
  EXPECT_EQ(read_sealed_memory(empty->get(), 0).value(), "");
}

TEST(SealedMemory, cannot_be_changed) {
  const auto memory = create_sealed_memory("config", "abc");
  ASSERT_TRUE(memory);
  EXPECT_EQ(pwrite(memory->get(), "x", 1, 0), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(ftruncate(memory->get(), 0), -1);
  EXPECT_EQ(ftruncate(memory->get(), 10), -1);
  EXPECT_EQ(mmap(nullptr, 3, PROT_WRITE, MAP_SHARED, memory->get(), 0), MAP_FAILED);
  EXPECT_EQ(fcntl(memory->get(), F_ADD_SEALS, F_SEAL_FUTURE_WRITE), -1);
}

TEST(SealedMemory, is_not_believed_without_every_seal) {
  for (const int missing : {F_SEAL_WRITE, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_SEAL}) {
    const UniqueFd memory(memfd_create("loose", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    const int all = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    ASSERT_EQ(fcntl(memory.get(), F_ADD_SEALS, all & ~missing), 0);
    EXPECT_EQ(read_sealed_memory(memory.get(), 100).error().code.value(), EPERM);
  }
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const UniqueFd read_end(ends[0]);
  const UniqueFd write_end(ends[1]);
  EXPECT_EQ(read_sealed_memory(read_end.get(), 100).error().code.value(), EINVAL);
}

TEST(SealedMemory, is_bounded) {
  const auto memory = create_sealed_memory("config", "abcd");
  ASSERT_TRUE(memory);
  EXPECT_TRUE(read_sealed_memory(memory->get(), 4));
  EXPECT_EQ(read_sealed_memory(memory->get(), 3).error().code.value(), EFBIG);
}

}  // namespace
}  // namespace bulkhead::platform
