// fork + exec with a known set of descriptors.
//
// Between fork and exec only async-signal-safe calls are made: everything that allocates (argv,
// envp) is prepared before. The descriptors are moved in two steps, because sources and targets may
// overlap: all sources are first copied above every target, then each copy is put where it belongs.
// A close-on-exec pipe tells the parent errno of an exec that failed; when the exec succeeds the
// pipe just closes.
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platform/process.h"

namespace bulkhead::platform {
namespace {

constexpr int highest_target = 1023;
constexpr std::size_t most_descriptors = 64;

enum class Step : int { session, descriptors, exec };

struct Failure {
  Step step = Step::exec;
  int error = 0;
};

std::string_view operation_of(Step step) {
  if (step == Step::session) return "setsid";
  return step == Step::descriptors ? "dup3" : "execve";
}

struct Prepared {
  const SpawnRequest& request;
  std::vector<char*> arguments;
  std::vector<char*> environment;
  int report = -1;  // write end of the error pipe
};

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (const std::string& text : strings) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

bool acceptable(const SpawnRequest& request) {
  if (request.arguments.empty() || request.descriptors.size() > most_descriptors) return false;
  std::vector<int> targets;
  targets.reserve(request.descriptors.size());
  for (const InheritedDescriptor& inherited : request.descriptors) {
    if (inherited.source < 0 || inherited.target < 0 || inherited.target > highest_target)
      return false;
    targets.push_back(inherited.target);
  }
  std::sort(targets.begin(), targets.end());
  return std::adjacent_find(targets.begin(), targets.end()) == targets.end();
}

// ---- in the child, after fork ----

[[noreturn]] void give_up(int report, Step step) {
  const Failure failure{step, errno};
  [[maybe_unused]] const ssize_t written = write(report, &failure, sizeof(failure));
  _exit(127);
}

void reset_signals() {
  // The kernel's own structure, all zero: the default handler, no flags, no mask. The C library
  // would refuse the two real-time signals that it keeps for itself, which whoever started us may
  // have had ignored.
  struct {
    void* handler = nullptr;
    unsigned long flags = 0;
    void* restorer = nullptr;
    std::uint64_t mask = 0;
  } const standard;
  for (int number = 1; number < NSIG; ++number) {
    syscall(SYS_rt_sigaction, number, &standard, nullptr, sizeof standard.mask);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

void place_descriptors(const std::vector<InheritedDescriptor>& inherited, int report) {
  std::array<int, most_descriptors> copies{};
  int highest = 2;
  for (const InheritedDescriptor& entry : inherited) highest = std::max(highest, entry.target);
  for (std::size_t i = 0; i < inherited.size(); ++i) {
    copies[i] = fcntl(inherited[i].source, F_DUPFD_CLOEXEC, highest + 1);
    if (copies[i] < 0) give_up(report, Step::descriptors);
  }
  // Closing on exec instead of closing keeps the error pipe open until then.
  if (syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) != 0)
    give_up(report, Step::descriptors);
  for (std::size_t i = 0; i < inherited.size(); ++i) {
    if (dup2(copies[i], inherited[i].target) < 0) give_up(report, Step::descriptors);
  }
}

[[noreturn]] void become_program(const Prepared& prepared) {
  reset_signals();
  if (prepared.request.new_session && setsid() < 0) give_up(prepared.report, Step::session);
  int report = prepared.report;
  int highest = 2;
  for (const auto& entry : prepared.request.descriptors) highest = std::max(highest, entry.target);
  report = fcntl(report, F_DUPFD_CLOEXEC, highest + 1);
  if (report < 0) give_up(prepared.report, Step::descriptors);
  place_descriptors(prepared.request.descriptors, report);
  execve(prepared.request.executable.c_str(), prepared.arguments.data(),
         prepared.environment.data());
  give_up(report, Step::exec);
}

// ---- in the parent ----

// Blocks until the exec has happened or failed.
std::optional<Failure> read_failure(int pipe) {
  Failure failure;
  ssize_t got = 0;
  do {
    got = read(pipe, &failure, sizeof(failure));
  } while (got < 0 && errno == EINTR);
  if (got != static_cast<ssize_t>(sizeof(failure))) return std::nullopt;
  return failure;
}

void reap(pid_t pid) {
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

tl::expected<Child, Error> watch_child(pid_t pid, int pipe) {
  if (const auto failure = read_failure(pipe)) {
    reap(pid);
    return tl::unexpected(make_error(operation_of(failure->step), failure->error));
  }
  UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd) {
    const Error error = last_error("pidfd_open");
    kill(pid, SIGKILL);
    reap(pid);
    return tl::unexpected(error);
  }
  return Child{pid, std::move(pidfd)};
}

}  // namespace

tl::expected<Child, Error> spawn(const SpawnRequest& request) {
  if (!acceptable(request)) return tl::unexpected(make_error("spawn", EINVAL));
  int ends[2] = {-1, -1};
  if (pipe2(ends, O_CLOEXEC) != 0) return tl::unexpected(last_error("pipe2"));
  UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  const Prepared prepared{request, pointers(request.arguments), pointers(request.environment),
                          write_end.get()};
  // No signal may reach the child while it still has its parent's handlers.
  sigset_t all;
  sigset_t old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  const pid_t pid = fork();
  if (pid == 0) become_program(prepared);
  const Error fork_error = last_error("fork");
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
  if (pid < 0) return tl::unexpected(fork_error);
  write_end.reset();
  return watch_child(pid, read_end.get());
}

}  // namespace bulkhead::platform
