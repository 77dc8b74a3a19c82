// The conversation with the daemon, its end of the socket played by the test.
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxyctl/control_client.h"
#include "proxyctl/daemon_socket_test.h"

namespace bulkhead::proxyctl {
namespace {

using namespace std::chrono_literals;
using enum proto::CommandName;

TEST(Client, SendsTheQuestionAndGathersTheAnswer) {
  DaemonSocket daemon;
  proto::RuleRow rule;
  rule.name = "first";
  daemon.will_send(rule);
  rule.name = "second";
  daemon.will_send(rule);
  daemon.will_send(proto::TextPart{"one "});
  daemon.will_send(proto::TextPart{"two"});
  daemon.will_finish(7, "so it is");
  daemon.start();
  const auto answer = ask(daemon.directory(), {rule_add, {"yaml", "3"}}, 5s);
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_EQ(answer->rules.size(), 2U);
  EXPECT_EQ(answer->rules[1].name.value, "second");
  EXPECT_EQ(answer->text, "one two");
  EXPECT_EQ(answer->done.exit_code, 7);
  EXPECT_EQ(answer->done.message.value, "so it is");
  EXPECT_EQ(daemon.asked().name, rule_add);
  EXPECT_EQ(daemon.asked().version, proto::protocol_version);
  ASSERT_EQ(daemon.asked().arguments.items.size(), 2U);
  EXPECT_EQ(daemon.asked().arguments.items[1].value, "3");
}

TEST(Client, ReadsAnswersLongerThanTheSocketHolds) {
  DaemonSocket daemon;
  for (int i = 0; i < 5000; ++i) daemon.will_send(proto::ConnectionRow{});
  daemon.will_finish();
  daemon.start();
  const auto answer = ask(daemon.directory(), {connections, {}}, 10s);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->connections.size(), 5000U);
}

Failure failure_of(DaemonSocket& daemon, std::chrono::milliseconds timeout = 5s) {
  const auto answer = ask(daemon.directory(), {status, {}}, timeout);
  return answer ? Failure{ExitCode::ok, ""} : answer.error();
}

TEST(Client, SaysWhenNoDaemonRuns) {
  const auto answer = ask("/nonexistent/bulkhead", {status, {}}, 5s);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ExitCode::no_daemon);
  EXPECT_NE(answer.error().message.find("no bulkhead is running at /nonexistent/bulkhead"),
            std::string::npos);
  EXPECT_NE(answer.error().message.find("start it with"), std::string::npos);
}

// The failure's message as another user would read it, and its code. Needs root to become that
// user.
Failure failure_as(uid_t user, const std::string& directory) {
  int ends[2];
  if (::pipe(ends) != 0) std::abort();
  const pid_t child = ::fork();
  if (child == 0) {
    const bool changed = ::setuid(user) == 0;
    const auto answer = ask(directory, {status, {}}, 2s);
    const std::string message = answer || !changed ? "" : answer.error().message;
    const bool written = ::write(ends[1], message.data(), message.size()) >= 0;
    ::_exit(answer || !written ? 0 : static_cast<int>(answer.error().code));
  }
  ::close(ends[1]);
  char buffer[1000];
  const ssize_t size = ::read(ends[0], buffer, sizeof(buffer));
  ::close(ends[0]);
  int state = 0;
  ::waitpid(child, &state, 0);
  return {static_cast<ExitCode>(WEXITSTATUS(state)),
          std::string(buffer, size > 0 ? static_cast<std::size_t>(size) : 0)};
}

TEST(Client, SaysWhenPermissionIsDenied) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  const DaemonSocket daemon;
  const Failure failure = failure_as(65533, daemon.directory());
  EXPECT_EQ(failure.code, ExitCode::permission_denied);
  EXPECT_NE(failure.message.find("not allowed"), std::string::npos) << failure.message;
}

TEST(Client, DoesNotTalkToStrangers) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  ASSERT_EQ(::seteuid(65534), 0);
  const DaemonSocket daemon;
  ASSERT_EQ(::seteuid(0), 0);
  ASSERT_EQ(::chmod(daemon.directory().c_str(), 0755), 0);
  ASSERT_EQ(::chmod((daemon.directory() + "/control.sock").c_str(), 0666), 0);
  const Failure failure = failure_as(65533, daemon.directory());
  EXPECT_EQ(failure.code, ExitCode::permission_denied);
  EXPECT_NE(failure.message.find("run by user 65534"), std::string::npos) << failure.message;
}

TEST(Client, EndsAtItsTimeout) {
  DaemonSocket daemon;
  daemon.will_send(proto::StatusRow{});
  daemon.start(true);
  const auto failure = failure_of(daemon, 50ms);
  EXPECT_EQ(failure.code, ExitCode::failed);
  EXPECT_EQ(failure.message, "the daemon did not answer in time");
}

TEST(Client, NeedsTheEndOfTheAnswer) {
  DaemonSocket daemon;
  daemon.will_send(proto::StatusRow{});
  daemon.start();
  EXPECT_NE(failure_of(daemon).message.find("closed the connection before"), std::string::npos);
}

TEST(Client, RefusesWhatMakesNoSense) {
  proto::Bytes cut = proto::encode(proto::StatusRow{}, 0);
  cut.pop_back();
  for (const auto& bytes : {cut, proto::Bytes{1}, proto::encode(proto::Hello{}, 0)}) {
    DaemonSocket daemon;
    daemon.will_send_bytes(bytes);
    daemon.start(true);
    EXPECT_NE(failure_of(daemon).message.find("makes no sense"), std::string::npos);
  }
}

TEST(Client, DoesNotSendAnArgumentThatWouldBeCut) {
  EXPECT_EQ(ask("/nonexistent", {backend_add, {std::string(16'001, 'x')}}, 1s).error().code,
            ExitCode::usage);
  const std::vector<std::string> many(257, "name");
  EXPECT_EQ(ask("/nonexistent", {rule_reorder, many}, 1s).error().code, ExitCode::usage);
  const std::vector<std::string> long_ones(5, std::string(16'000, 'x'));
  EXPECT_EQ(ask("/nonexistent", {rule_reorder, long_ones}, 1s).error().code, ExitCode::usage);
}

}  // namespace
}  // namespace bulkhead::proxyctl
