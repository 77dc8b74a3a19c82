// PAM through the real helper: verdicts, and modules that block, crash, leak and print. The
// services are in a folder of the test's own; tests/test_auth_system.py has a user of the real
// system.
#include "workers/auth/method/system/system.h"

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pwd.h>
#include <thread>
#include <unistd.h>

#include "platform/process.h"

namespace bulkhead::auth {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::IsEmpty;

Deadline soon() {
  return std::chrono::steady_clock::now() + 30s;
}

Credential password(std::string user, std::string_view text) {
  return {Credential::Kind::basic, std::move(user), platform::Secret(text)};
}

class SystemMethod : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "bulkhead-pam-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    const auto broker = PamBroker::start(PAM_CHECK, folder_);
    ASSERT_TRUE(broker) << broker.error().to_string();
    broker_ = *broker;
  }
  void TearDown() override {
    broker_.reset();
    std::filesystem::remove_all(folder_);
  }

  void service(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + '/' + name) << text;
  }

  // A service whose only module does what is said.
  void module(const std::string& behaviour, const std::string& account = "") {
    service("bulkhead", "auth required " MISBEHAVING_MODULE " " + behaviour +
                            "\naccount required " MISBEHAVING_MODULE " " + account + '\n');
  }

  Verdict ask(const Credential& credential, config::SystemAuth settings = {}) {
    return System(std::move(settings), broker_).check(credential, soon());
  }
  std::string_view reason(const Credential& credential) {
    return to_string(ask(credential).reason);
  }

  std::string folder_;
  std::shared_ptr<PamBroker> broker_;
};

TEST_F(SystemMethod, AcceptsAndRefuses) {
  module("password right");
  const Verdict verdict = ask(password("root", "right"));
  EXPECT_EQ(verdict.outcome, Outcome::accepted);
  EXPECT_EQ(verdict.user, "root");
  EXPECT_EQ(verdict.method, "system");
  EXPECT_THAT(verdict.groups, Contains("root"));
  EXPECT_EQ(reason(password("root", "wrong")), "wrong_password");
  EXPECT_EQ(reason(password("nobody-of-this-name", "wrong")), "wrong_password");
}

TEST_F(SystemMethod, AllowedGroups) {
  module("password right");
  config::SystemAuth settings;
  settings.allowed_groups = {"wheel-of-nobody"};
  EXPECT_EQ(ask(password("root", "right"), settings).reason, Reason::not_in_allowed_groups);
  settings.allowed_groups.push_back("root");
  EXPECT_EQ(ask(password("root", "right"), settings).outcome, Outcome::accepted);
  // A user of the modules alone is in no group.
  EXPECT_EQ(ask(password("nobody-of-this-name", "right"), settings).reason,
            Reason::not_in_allowed_groups);
}

TEST_F(SystemMethod, WhatTheModuleCallsTheUserCounts) {
  module("rename daemon");
  const Verdict verdict = ask(password("root", "x"));
  EXPECT_EQ(verdict.user, "daemon");
  EXPECT_THAT(verdict.groups, Contains("daemon"));
}

TEST_F(SystemMethod, EachAnswerHasItsReason) {
  // Numbers of Linux-PAM's _pam_types.h.
  const std::pair<int, const char*> answers[] = {
      {7, "wrong_password"},    // PAM_AUTH_ERR
      {10, "unknown_user"},     // PAM_USER_UNKNOWN
      {11, "wrong_password"},   // PAM_MAXTRIES
      {6, "account_disabled"},  // PAM_PERM_DENIED
      {9, "server_failed"},     // PAM_AUTHINFO_UNAVAIL
      {26, "server_failed"},    // PAM_ABORT
  };
  for (const auto& [number, expected] : answers) {
    module("return " + std::to_string(number));
    EXPECT_EQ(reason(password("root", "x")), expected) << number;
  }
  const std::pair<int, const char*> accounts[] = {
      {12, "password_expired"},  // PAM_NEW_AUTHTOK_REQD
      {13, "account_expired"},   // PAM_ACCT_EXPIRED
  };
  for (const auto& [number, expected] : accounts) {
    module("password right", "return " + std::to_string(number));
    EXPECT_EQ(reason(password("root", "right")), expected) << number;
    EXPECT_EQ(to_string(System({}, broker_).look_up("root", soon()).reason), expected);
  }
}

TEST_F(SystemMethod, LooksUpWithoutAPassword) {
  module("crash");
  const Verdict verdict = System({}, broker_).look_up("root", soon());
  EXPECT_EQ(verdict.outcome, Outcome::accepted);
  EXPECT_THAT(verdict.groups, Contains("root"));
}

TEST_F(SystemMethod, AServiceThatIsNotThereIsNotAnotherOne) {
  service("other", "auth required pam_permit.so\naccount required pam_permit.so\n");
  EXPECT_EQ(reason(password("root", "x")), "misconfigured");
  config::SystemAuth settings;
  settings.service = "../other";
  EXPECT_EQ(ask(password("root", "x"), settings).reason, Reason::misconfigured);
  service("bulkhead", "auth required /nowhere/pam_none.so\n");
  EXPECT_NE(ask(password("root", "x")).outcome, Outcome::accepted);
}

TEST_F(SystemMethod, ASecondPromptGetsNoAnswer) {
  module("twice");
  EXPECT_EQ(reason(password("root", "x")), "wrong_password");
}

TEST_F(SystemMethod, CrashingHarmsNobody) {
  for (const char* behaviour : {"crash", "exit"}) {
    module(behaviour);
    EXPECT_EQ(reason(password("root", "x")), "module_crashed") << behaviour;
  }
  module("password right");
  EXPECT_EQ(reason(password("root", "right")), "accepted");
}

#ifndef BULKHEAD_SANITIZED  // memory is not bounded there
TEST_F(SystemMethod, LeakingEndsAtABound) {
  module("leak");
  EXPECT_EQ(reason(password("root", "x")), "module_crashed");
}
#endif

TEST_F(SystemMethod, WhatIsPrintedIsNoAnswer) {
  module("print");
  const Verdict verdict = ask(password("root", "x"));
  EXPECT_NE(verdict.outcome, Outcome::accepted);
}

// Readable once the process is gone.
bool ended(pid_t pid) {
  for (int each = 0; each < 1000; ++each) {
    if (kill(pid, 0) != 0 && errno == ESRCH) return true;
    // Whoever adopted it may take a moment to reap it.
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string line;
    std::getline(stat, line);
    if (line.find(") Z ") != std::string::npos) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

TEST_F(SystemMethod, BlockingEndsAtTheDeadlineWithAllItStarted) {
  const std::string pids = folder_ + "/pids";
  module("block " + pids);
  config::SystemAuth settings;
  settings.timeout = 300ms;
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(ask(password("root", "x"), settings).reason, Reason::timed_out);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 10s);
  pid_t started = 0;
  std::ifstream(pids) >> started;
  ASSERT_GT(started, 0);
  EXPECT_TRUE(ended(started));
}

TEST_F(SystemMethod, OthersGoOnWhileOneBlocks) {
  module("block " + folder_ + "/pids");
  service("good", "auth required " MISBEHAVING_MODULE
                  " password right\n"
                  "account required " MISBEHAVING_MODULE "\n");
  config::SystemAuth blocking;
  blocking.timeout = 1s;
  blocking.max_transactions = 1;
  System method(blocking, broker_);
  std::thread blocked([&] { method.check(password("root", "x"), soon()); });
  while (!std::filesystem::exists(folder_ + "/pids")) std::this_thread::sleep_for(5ms);
  EXPECT_EQ(method.check(password("root", "x"), soon()).reason, Reason::overloaded);
  config::SystemAuth settings;
  settings.service = "good";
  EXPECT_EQ(ask(password("root", "right"), settings).outcome, Outcome::accepted);
  blocked.join();
}

TEST_F(SystemMethod, OtherKindsOfCredentialsAreForOthers) {
  module("crash");
  EXPECT_EQ(ask({Credential::Kind::bearer, {}, platform::Secret("x")}).outcome, Outcome::unknown);
  EXPECT_EQ(ask(password("root", std::string(max_pam_password_bytes + 1, 'x'))).outcome,
            Outcome::unknown);
}

TEST_F(SystemMethod, LongestPassword) {
  const std::string longest(max_pam_password_bytes, 'x');
  module("password " + longest);
  EXPECT_EQ(reason(password("root", longest)), "accepted");
}

TEST_F(SystemMethod, WithoutABrokerItSaysSo) {
  EXPECT_EQ(System({}, nullptr).check(password("root", "x"), soon()).reason, Reason::misconfigured);
  EXPECT_FALSE(PamBroker::start("/nowhere/pam-check"));
}

// The password is in no argument and no environment of any process while a module runs.
TEST_F(SystemMethod, ThePasswordIsInNoProcessTable) {
  module("block " + folder_ + "/pids");
  config::SystemAuth settings;
  settings.timeout = 500ms;
  System method(settings, broker_);
  std::thread blocked([&] { method.check(password("root", "tell-nobody-of-this"), soon()); });
  while (!std::filesystem::exists(folder_ + "/pids")) std::this_thread::sleep_for(5ms);
  std::size_t seen = 0;
  for (const auto& process : std::filesystem::directory_iterator("/proc")) {
    for (const char* file : {"/cmdline", "/environ"}) {
      std::ifstream in(process.path().string() + file);
      const std::string text{std::istreambuf_iterator<char>(in), {}};
      seen += text.find("pam-check") != std::string::npos ? 1 : 0;
      EXPECT_EQ(text.find("tell-nobody"), std::string::npos) << process.path();
    }
  }
  EXPECT_GE(seen, 2U);  // the broker and the transaction
  blocked.join();
}

}  // namespace
}  // namespace bulkhead::auth
