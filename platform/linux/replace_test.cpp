#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "platform/process.h"

namespace bulkhead::platform {
namespace {

TEST(Replace, AFailureLeavesEverythingAsItWas) {
  const UniqueFd kept(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  Replacement replacement;
  replacement.path = "/nonexistent/program";
  replacement.arguments = {"program"};
  replacement.kept = {kept.get()};
  const Error error = replace_program(replacement);
  EXPECT_EQ(error.code.value(), ENOENT);
  EXPECT_EQ(::fcntl(kept.get(), F_GETFD), FD_CLOEXEC);
}

TEST(Replace, ADescriptorThatIsNotOpenIsAFailure) {
  Replacement replacement;
  replacement.path = "/bin/true";
  replacement.arguments = {"true"};
  replacement.kept = {1'000'000};
  EXPECT_EQ(replace_program(replacement).code.value(), EBADF);
}

// In a child, because it succeeds.
TEST(Replace, GoesOnInTheSameProcess) {
  const auto replace = [](bool by_descriptor) {
    const UniqueFd program(::open("/bin/sh", O_RDONLY | O_CLOEXEC));
    const int kept = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    const pid_t self = ::getpid();
    Replacement replacement;
    if (by_descriptor) {
      replacement.program = program.get();
    } else {
      replacement.path = "/bin/sh";
    }
    replacement.arguments = {"sh", "-c",
                             "test $$ = " + std::to_string(self) + " && test -e /proc/self/fd/" +
                                 std::to_string(kept) + " && test \"$WORD\" = yes && exit 42"};
    replacement.environment = {"WORD=yes"};
    replacement.kept = {kept};
    replace_program(replacement);
    _exit(1);
  };
  EXPECT_EXIT(replace(false), testing::ExitedWithCode(42), "");
  EXPECT_EXIT(replace(true), testing::ExitedWithCode(42), "");
}

}  // namespace
}  // namespace bulkhead::platform
