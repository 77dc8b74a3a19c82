// Starting programs and learning how they ended.
#include "platform/process.h"

#include <cerrno>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sstream>
#include <unistd.h>

namespace bulkhead::platform {
namespace {

SpawnRequest shell(const std::string& script) {
  SpawnRequest request;
  request.executable = "/bin/sh";
  request.arguments = {"sh", "-c", script};
  return request;
}

struct Pipe {
  Pipe() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    read_end.reset(ends[0]);
    write_end.reset(ends[1]);
  }
  std::string drain() {
    write_end.reset();
    std::string text;
    char byte = 0;
    while (read(read_end.get(), &byte, 1) == 1) text += byte;
    return text;
  }
  UniqueFd read_end;
  UniqueFd write_end;
};

std::string output_of(SpawnRequest request) {
  Pipe output;
  request.descriptors.push_back({output.write_end.get(), 1});
  const auto child = spawn(request);
  EXPECT_TRUE(child) << child.error().to_string();
  if (!child) return {};
  std::string text = output.drain();
  EXPECT_TRUE(wait_for(child->pid)->clean());
  return text;
}

TEST(Process, gives_arguments_and_environment_and_nothing_else) {
  setenv("BULKHEAD_TEST_LEAK", "1", 1);
  SpawnRequest request;
  request.executable = "/usr/bin/env";
  request.arguments = {"env"};
  request.environment = {"ONLY=this one"};
  EXPECT_EQ(output_of(request), "ONLY=this one\n");
  unsetenv("BULKHEAD_TEST_LEAK");
}

TEST(Process, the_command_line_of_a_child) {
  SpawnRequest request;
  request.executable = "/bin/sh";
  request.arguments = {"sh", "-c", "while sleep 1; do :; done", "", "x"};
  const auto child = spawn(request);
  ASSERT_TRUE(child);
  EXPECT_EQ(command_line(child->pid), request.arguments);
  kill_session(*child);
  ASSERT_TRUE(wait_for(child->pid));
  EXPECT_TRUE(command_line(child->pid).empty());
}

TEST(Process, only_the_listed_descriptors_arrive) {
  Pipe one;
  Pipe other;
  const UniqueFd leaky(open("/dev/null", O_RDONLY));  // not close-on-exec
  SpawnRequest request = shell(
      "i=0; while [ $i -lt 64 ]; do [ -e /proc/$$/fd/$i ] && echo $i; i=$((i+1)); done; true");
  request.descriptors = {{one.write_end.get(), 7}, {other.write_end.get(), 9}};
  std::istringstream numbers(output_of(request));
  std::vector<int> seen;
  for (int number = 0; numbers >> number;) seen.push_back(number);
  EXPECT_EQ(seen, (std::vector<int>{0, 1, 2, 7, 9}));
}

// Swapping two numbers goes wrong unless all are copied out of the way first.
TEST(Process, sources_and_targets_may_overlap) {
  Pipe one;
  Pipe other;
  const int a = one.write_end.get();
  const int b = other.write_end.get();
  SpawnRequest request =
      shell("echo one >&" + std::to_string(b) + "; echo other >&" + std::to_string(a));
  if (a > 9 || b > 9) GTEST_SKIP() << "sh takes one digit only";
  request.descriptors = {{a, b}, {b, a}};
  const auto child = spawn(request);
  ASSERT_TRUE(child);
  EXPECT_EQ(one.drain(), "one\n");
  EXPECT_EQ(other.drain(), "other\n");
  EXPECT_TRUE(wait_for(child->pid)->clean());
}

TEST(Process, reports_why_exec_failed) {
  SpawnRequest request = shell("true");
  request.executable = "/nonexistent/worker";
  const auto child = spawn(request);
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().operation, "execve");
  EXPECT_EQ(child.error().code.value(), ENOENT);
  EXPECT_EQ(wait_for(-1).error().code.value(), ECHILD) << "the failed child must have been reaped";
  request.executable = "/etc/passwd";
  EXPECT_EQ(spawn(request).error().code.value(), EACCES);
}

TEST(Process, refuses_impossible_descriptors) {
  SpawnRequest request = shell("true");
  request.descriptors = {{0, 5}, {1, 5}};
  EXPECT_EQ(spawn(request).error().code.value(), EINVAL);
  request.descriptors = {{987, 5}};
  EXPECT_EQ(spawn(request).error().code.value(), EBADF);
}

TEST(Process, signal_mask_and_dispositions_are_the_default) {
  sigset_t set;
  sigset_t old;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, &old);
  const auto old_handler = signal(SIGPIPE, SIG_IGN);
  const std::string status = output_of(shell(
      "while read -r line; do case $line in Sig[BI]*) echo $line;; esac; done </proc/$$/status"));
  signal(SIGPIPE, old_handler);
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
  EXPECT_EQ(status, "SigBlk: 0000000000000000\nSigIgn: 0000000000000000\n");
}

TEST(Process, is_in_a_session_of_its_own) {
  SpawnRequest request = shell("sleep 60");
  const auto child = spawn(request);
  ASSERT_TRUE(child);
  EXPECT_EQ(getsid(child->pid), child->pid);
  EXPECT_FALSE(try_wait(child->pid)->has_value());
  ASSERT_TRUE(send_signal(*child, SIGKILL));
  pollfd entry{child->pidfd.get(), POLLIN, 0};
  EXPECT_EQ(poll(&entry, 1, 5000), 1);
  const auto reason = try_wait(child->pid);
  ASSERT_TRUE(reason.value().has_value());
  EXPECT_EQ((*reason)->to_string(), "killed by signal 9 (SIGKILL)");
  EXPECT_EQ(send_signal(*child, SIGKILL).error().code.value(), ESRCH);
}

TEST(Process, exit_reasons_in_words) {
  const auto child = spawn(shell("exit 7"));
  ASSERT_TRUE(child);
  const auto reason = wait_for(child->pid);
  ASSERT_TRUE(reason);
  EXPECT_FALSE(reason->clean());
  EXPECT_EQ(reason->to_string(), "exited with code 7");
  using Kind = ExitReason::Kind;
  EXPECT_EQ((ExitReason{Kind::signaled, SIGSYS, true}).to_string(),
            "killed by the sandbox (SIGSYS)");
  EXPECT_EQ((ExitReason{Kind::signaled, SIGSEGV, true}).to_string(),
            "killed by signal 11 (SIGSEGV, core dumped)");
  EXPECT_FALSE((ExitReason{Kind::exited, SIGSYS, false}).sandbox_violation());
}

}  // namespace
}  // namespace bulkhead::platform
