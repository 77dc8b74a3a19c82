// The asking side: a child whose output is read until it ends.
#include <algorithm>
#include <array>
#include <csignal>
#include <unistd.h>

#include "platform/descriptor.h"
#include "platform/process.h"
#include "runtime/socket.h"
#include "runtime/turn.h"
#include "supervisor/options.h"
#include "supervisor/upgrade/self_check.h"

namespace bulkhead::supervisor {
namespace {

constexpr std::size_t max_output = 16'000;
constexpr std::size_t max_last_words = 256;
constexpr int state_target = 3;

enum class Ending { by_itself, too_late, cancelled };

tl::expected<platform::Child, std::string> start(const std::string& program,
                                                 const std::vector<std::string>& arguments,
                                                 int output, int state) {
  platform::SpawnRequest request;
  request.executable = program;
  request.arguments = {program, "--self-check"};
  request.arguments.insert(request.arguments.end(), arguments.begin(), arguments.end());
  request.environment = whole_environment();
  request.environment.push_back(std::string(state_variable) + '=' + std::to_string(state_target));
  request.descriptors = {{output, STDOUT_FILENO}, {output, STDERR_FILENO}, {state, state_target}};
  auto child = platform::spawn(request);
  if (!child) return tl::unexpected(program + " cannot be run: " + child.error().to_string());
  return std::move(*child);
}

// To the end of what it prints, which is its own end or that of the last that it started, or the
// deadline.
runtime::Task<void> read_all(runtime::Socket& pipe, std::string& output, std::string& last_words,
                             runtime::Deadline deadline) {
  std::array<char, 4096> buffer{};
  runtime::Turn turn;
  while (runtime::Clock::now() < deadline) {
    const ssize_t got = ::read(pipe.fd(), buffer.data(), buffer.size());
    if (got == 0) co_return;
    if (got > 0) {
      const std::string_view words(buffer.data(), static_cast<std::size_t>(got));
      output += words.substr(0, max_output - output.size());
      last_words += words;
      if (last_words.size() > max_last_words)
        last_words.erase(0, last_words.size() - max_last_words);
      co_await turn.pass();  // it may print without end
      continue;
    }
    const auto status = co_await runtime::ready(pipe, runtime::Direction::read, deadline);
    if (status != runtime::IoStatus::ok) co_return;
  }
}

// It may have closed its output long before its end. At the deadline, and when nobody wants to know
// any more, it is killed with what it has started.
runtime::Task<Ending> wait_end(const platform::Child& child, runtime::Deadline deadline,
                               platform::ExitReason& reason) {
  runtime::Socket waiting(platform::duplicate(child.pidfd.get()));
  for (;;) {
    const auto ended = platform::try_wait(child.pid);
    if (!ended) reason = {platform::ExitReason::Kind::exited, 1, false};
    if (ended && *ended) reason = **ended;
    if (!ended || *ended) co_return Ending::by_itself;
    const auto status = co_await runtime::ready(waiting, runtime::Direction::read, deadline);
    const bool cancelled = status == runtime::IoStatus::cancelled;
    if (!cancelled && runtime::Clock::now() < deadline) continue;
    platform::kill_session(child);
    [[maybe_unused]] const auto reaped = platform::wait_for(child.pid);
    co_return cancelled ? Ending::cancelled : Ending::too_late;
  }
}

// A program that knows nothing of self-checks may well end with 0.
bool says_passed(std::string_view last_words) {
  return last_words.ends_with(self_check_passed);
}

SelfCheck failed(std::string problem) {
  return {false, std::move(problem), {}};
}

}  // namespace

runtime::Task<SelfCheck> ask_self_check(std::string program, std::vector<std::string> arguments,
                                        DaemonState state, runtime::Duration timeout) {
  auto pipe = platform::pipe_from_child();
  if (!pipe) co_return failed(pipe.error().to_string());
  auto memory = seal_state(state);
  if (!memory) co_return failed(memory.error());
  const auto child = start(program, arguments, pipe->write_end.get(), memory->get());
  pipe->write_end.reset();
  if (!child) co_return failed(child.error());
  runtime::Socket reading(std::move(pipe->read_end));
  SelfCheck check;
  std::string last_words;
  const auto deadline = runtime::Clock::now() + timeout;
  co_await read_all(reading, check.output, last_words, deadline);
  platform::ExitReason reason;
  const Ending ending = co_await wait_end(*child, deadline, reason);
  check.passed = ending == Ending::by_itself && reason.clean() && says_passed(last_words);
  if (ending == Ending::too_late)
    check.problem = "its self-check took longer than " + std::to_string(timeout.count()) + " ms";
  else if (ending == Ending::cancelled)
    check.problem = "the daemon is stopping";
  else if (!reason.clean())
    check.problem = "its self-check failed: it " + reason.to_string();
  else if (!check.passed)
    check.problem = "it ended without saying that its self-check passed: is it a bulkhead?";
  co_return check;
}

}  // namespace bulkhead::supervisor
