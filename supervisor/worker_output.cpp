#include "supervisor/worker_output.h"

#include <array>
#include <cerrno>
#include <unistd.h>

#include "runtime/log.h"
#include "runtime/turn.h"

namespace bulkhead::supervisor {
namespace {

namespace log = runtime::log;

constexpr std::size_t piece = std::size_t{16} * 1024;
// More than any pipe holds: what a process leaves behind when it ends.
constexpr std::size_t max_left_behind = std::size_t{2} << 20;
constexpr runtime::Duration report_interval{1'000};

}  // namespace

WorkerOutput::WorkerOutput(platform::UniqueFd pipe, std::string name, pid_t pid)
    : name_(name), pid_(pid), pipe_(std::move(pipe)), lines_(std::move(name), pid) {}

runtime::Task<void> WorkerOutput::run() {
  co_await read_on().under(scope_);
}

runtime::Task<void> WorkerOutput::read_on() {
  runtime::Turn turn;
  for (;;) {
    const Got got = read_some();
    if (got == Got::end) co_return;
    if (got == Got::something) {
      co_await turn.pass();
      continue;
    }
    report_loss();
    const auto deadline = lines_.lost() == 0 ? runtime::never : next_report_;
    const auto status = co_await runtime::ready(pipe_, runtime::Direction::read, deadline);
    if (status == runtime::IoStatus::cancelled) co_return;
  }
}

WorkerOutput::Got WorkerOutput::read_some() {
  std::array<char, piece> buffer{};
  ssize_t count = 0;
  do {
    count = ::read(pipe_.fd(), buffer.data(), buffer.size());
  } while (count < 0 && errno == EINTR);
  if (count < 0 && errno == EAGAIN) return Got::nothing_yet;
  if (count <= 0 || finished_) return Got::end;
  say(lines_.take({buffer.data(), static_cast<std::size_t>(count)}, runtime::Clock::now()));
  return Got::something;
}

void WorkerOutput::finish() {
  for (std::size_t read = 0; read < max_left_behind && read_some() == Got::something;)
    read += piece;
  say(lines_.end(runtime::Clock::now()));
  next_report_ = {};
  report_loss();
  finished_ = true;
  scope_.cancel();
}

void WorkerOutput::say(const std::vector<OutputLines::Line>& lines) {
  for (const OutputLines::Line& line : lines) {
    if (line.own) {
      log::pass_on(line.text);
    } else {
      log::error("worker output", {{"worker", name_}, {"worker_pid", pid_}, {"text", line.text}});
    }
  }
  report_loss();
}

void WorkerOutput::report_loss() {
  const auto now = runtime::Clock::now();
  if (lines_.lost() == 0 || now < next_report_) return;
  const std::uint64_t lost = lines_.take_lost();
  next_report_ = now + report_interval;
  log::error("a worker writes more than is good: lines were left out",
             {{"worker", name_}, {"worker_pid", pid_}, {"lines", lost}});
}

}  // namespace bulkhead::supervisor
