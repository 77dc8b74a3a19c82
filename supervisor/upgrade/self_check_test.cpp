// The asking side, with small programs in the place of a daemon.
#include "supervisor/upgrade/self_check.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

#include "platform/linux/temporary_directory_test.h"

namespace bulkhead::supervisor {
namespace {

class SelfCheckTest : public testing::Test {
 protected:
  std::string program(const std::string& text, bool executable = true) {
    std::string path = directory_.write(executable ? "program" : "file", text);
    if (executable) std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path;
  }

  SelfCheck ask(const std::string& path, runtime::Duration timeout = runtime::Duration{20'000}) {
    runtime::Loop loop;
    SelfCheck check;
    runtime::spawn(run(path, timeout, check));
    loop.run();
    return check;
  }

 private:
  static runtime::Task<void> run(std::string path, runtime::Duration timeout, SelfCheck& check) {
    runtime::Task<SelfCheck> asking = ask_self_check(path, {"--flag", "value"}, {}, timeout);
    check = co_await std::move(asking);
    runtime::Loop::current().stop();
  }

  platform::TemporaryDirectory directory_;
};

TEST_F(SelfCheckTest, PassesWithTheArgumentsOfTheDaemonAndTheState) {
  const SelfCheck check =
      ask(program("#!/bin/sh\necho \"$@\"; test -e /proc/self/fd/$BULKHEAD_STATE_FD && "
                  "echo 'bulkhead 1: self-check passed'\n"));
  EXPECT_TRUE(check.passed) << check.problem;
  EXPECT_EQ(check.output, "--self-check --flag value\nbulkhead 1: self-check passed\n");
}

TEST_F(SelfCheckTest, WhatIsNotThereOrNoProgramIsSaid) {
  EXPECT_NE(ask("/nowhere/program").problem.find("No such file"), std::string::npos);
  EXPECT_NE(ask(program("text", false)).problem.find("Permission denied"), std::string::npos);
  EXPECT_NE(ask(program("text")).problem.find("Exec format error"), std::string::npos);
}

TEST_F(SelfCheckTest, AFailureIsToldWithItsCodeAndWords) {
  const SelfCheck check = ask(program("#!/bin/sh\necho not well >&2; exit 3\n"));
  EXPECT_FALSE(check.passed);
  EXPECT_NE(check.problem.find("code 3"), std::string::npos) << check.problem;
  EXPECT_EQ(check.output, "not well\n");
}

TEST_F(SelfCheckTest, OneThatKnowsNothingOfSelfChecksFails) {
  EXPECT_NE(ask("/bin/true").problem.find("is it a bulkhead?"), std::string::npos);
  EXPECT_FALSE(ask(program("#!/bin/sh\necho bulkhead 1.0\n")).passed);
  EXPECT_FALSE(ask(program("#!/bin/sh\necho 'x: self-check passed'; exit 1\n")).passed);
}

TEST_F(SelfCheckTest, WhatOneThatHangsHasStartedIsEnded) {
  const std::string pid_file = program("", false);
  const SelfCheck check = ask(program("#!/bin/sh\nsleep 60 & echo $! > " + pid_file + "; wait\n"),
                              runtime::Duration{500});
  EXPECT_FALSE(check.passed);
  std::ifstream file(pid_file);
  pid_t started = 0;
  ASSERT_TRUE(file >> started);
  const auto gone = [started] {
    std::ifstream status("/proc/" + std::to_string(started) + "/stat");
    std::string text;
    std::getline(status, text);
    return text.empty() || text.find(") Z ") != std::string::npos;
  };
  for (int i = 0; i < 500 && !gone(); ++i) ::usleep(10'000);
  EXPECT_TRUE(gone());
}

TEST_F(SelfCheckTest, AKilledOneFails) {
  const SelfCheck check = ask(program("#!/bin/sh\nkill -9 $$\n"));
  EXPECT_FALSE(check.passed);
  EXPECT_NE(check.problem.find("SIGKILL"), std::string::npos) << check.problem;
}

TEST_F(SelfCheckTest, OneThatHangsIsEnded) {
  const SelfCheck check = ask(program("#!/bin/sh\nexec sleep 60\n"), runtime::Duration{200});
  EXPECT_FALSE(check.passed);
  EXPECT_NE(check.problem.find("longer than 200 ms"), std::string::npos) << check.problem;
}

TEST_F(SelfCheckTest, OneThatHangsWithoutAnOutputIsEnded) {
  const SelfCheck check =
      ask(program("#!/bin/sh\nexec sleep 60 >&- 2>&-\n"), runtime::Duration{200});
  EXPECT_NE(check.problem.find("longer than 200 ms"), std::string::npos) << check.problem;
}

TEST_F(SelfCheckTest, OneThatPrintsWithoutEndIsEnded) {
  const SelfCheck check = ask(program("#!/bin/sh\nexec yes\n"), runtime::Duration{200});
  EXPECT_NE(check.problem.find("longer than 200 ms"), std::string::npos) << check.problem;
  EXPECT_LE(check.output.size(), 16'000U);
}

}  // namespace
}  // namespace bulkhead::supervisor
