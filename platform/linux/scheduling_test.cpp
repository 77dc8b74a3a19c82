// What the kernel says of threads and sessions that gave way.
#include "platform/scheduling.h"

#include <cstdint>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <sched.h>
#include <string>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace bulkhead::platform {
namespace {

// sched_getattr(2)
struct Attributes {
  std::uint32_t size, policy;
  std::uint64_t flags;
  std::int32_t niceness;
  std::uint32_t priority;
  std::uint64_t slice, deadline, period;
};

Attributes of_this_thread() {
  Attributes attributes{};
  EXPECT_EQ(::syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0U), 0);
  return attributes;
}

// What work leaves its thread with; this one stays as it was.
Attributes of_thread_after(const std::function<void()>& work) {
  const Attributes before = of_this_thread();
  Attributes found{};
  std::thread thread([&] {
    work();
    found = of_this_thread();
  });
  thread.join();
  const Attributes after = of_this_thread();
  EXPECT_EQ(after.niceness, before.niceness);
  EXPECT_EQ(after.slice, before.slice);
  return found;
}

TEST(Scheduling, AThreadGivesWay) {
  const Attributes found = of_thread_after([] { give_way(19); });
  EXPECT_EQ(found.niceness, 19);
  EXPECT_EQ(found.policy, static_cast<std::uint32_t>(SCHED_OTHER));
}

TEST(Scheduling, ShortTurnsKeepTheShare) {
  const Attributes before = of_this_thread();
  const Attributes found = of_thread_after([] {
    give_way(7);
    take_short_turns();
  });
  EXPECT_EQ(found.niceness, 7);
  EXPECT_EQ(found.policy, static_cast<std::uint32_t>(SCHED_OTHER));
  // Before Linux 6.12 the kernel tells of no slice, and has none.
  if (before.slice == 0) GTEST_SKIP() << "this kernel knows no slices of a thread's own";
  EXPECT_LT(found.slice, before.slice);
}

TEST(Scheduling, ASessionGivesWay) {
  if (::access("/proc/self/autogroup", F_OK) != 0) GTEST_SKIP() << "this kernel has no autogroups";
  // In a session of its own, since there is no way back.
  const pid_t child = ::fork();
  if (child == 0) {
    ::setsid();
    let_session_give_way(15);
    std::string line;
    std::getline(std::ifstream("/proc/self/autogroup"), line);
    ::_exit(line.ends_with(" nice 15") ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace bulkhead::platform
