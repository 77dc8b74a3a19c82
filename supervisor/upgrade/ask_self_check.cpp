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
constexpr int state_target = 3;

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
runtime::Task<void> read_all(runtime::Socket& pipe, std::string& output,
                             runtime::Deadline deadline) {
  std::array<char, 4096> buffer{};
  runtime::Turn turn;
  while (runtime::Clock::now() < deadline) {
    const ssize_t got = ::read(pipe.fd(), buffer.data(), buffer.size());
    if (got == 0) co_return;
    if (got > 0) {
      const std::size_t room = max_output - output.size();
      output.append(buffer.data(), std::min(static_cast<std::size_t>(got), room));
      co_await turn.pass();  // it may print without end
      continue;
    }
    const auto status = co_await runtime::ready(pipe, runtime::Direction::read, deadline);
    if (status != runtime::IoStatus::ok) co_return;
  }
}

// False at the deadline; then it is killed. It may have closed its output long before its end.
runtime::Task<bool> wait_end(const platform::Child& child, runtime::Deadline deadline,
                             platform::ExitReason& reason) {
  runtime::Socket ending(platform::duplicate(child.pidfd.get()));
  bool in_time = true;
  for (;;) {
    const auto ended = platform::try_wait(child.pid);
    reason = ended && *ended ? **ended
                             : platform::ExitReason{platform::ExitReason::Kind::exited, 1, false};
    if (!ended || *ended) co_return in_time;
    if (in_time && runtime::Clock::now() >= deadline) {
      in_time = false;
      [[maybe_unused]] const auto killed = platform::send_signal(child, SIGKILL);
    }
    const auto next = in_time ? deadline : runtime::Clock::now() + std::chrono::seconds(1);
    co_await runtime::ready(ending, runtime::Direction::read, next);
  }
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
  const auto deadline = runtime::Clock::now() + timeout;
  co_await read_all(reading, check.output, deadline);
  platform::ExitReason reason;
  const bool in_time = co_await wait_end(*child, deadline, reason);
  check.passed = in_time && reason.clean();
  if (!in_time)
    check.problem = "its self-check took longer than " + std::to_string(timeout.count()) + " ms";
  else if (!check.passed)
    check.problem = "its self-check failed: it " + reason.to_string();
  co_return check;
}

}  // namespace bulkhead::supervisor
