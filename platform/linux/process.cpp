// Waiting for children and signalling them.
#include "platform/process.h"

#include <cerrno>
#include <csignal>
#include <fstream>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bulkhead::platform {
namespace {

ExitReason reason_of(int status) {
  if (WIFSIGNALED(status)) {
    return {ExitReason::Kind::signaled, WTERMSIG(status), WCOREDUMP(status) != 0};
  }
  return {ExitReason::Kind::exited, WEXITSTATUS(status), false};
}

tl::expected<std::optional<ExitReason>, Error> wait_with(pid_t pid, int flags) {
  int status = 0;
  pid_t ended = 0;
  do {
    ended = waitpid(pid, &status, flags);
  } while (ended < 0 && errno == EINTR);
  if (ended < 0) return tl::unexpected(last_error("waitpid"));
  if (ended == 0) return std::optional<ExitReason>();
  return std::optional(reason_of(status));
}

}  // namespace

tl::expected<ExitReason, Error> wait_for(pid_t pid) {
  const auto reason = wait_with(pid, 0);
  if (!reason) return tl::unexpected(reason.error());
  return **reason;
}

tl::expected<std::optional<ExitReason>, Error> try_wait(pid_t pid) {
  return wait_with(pid, WNOHANG);
}

tl::expected<void, Error> send_signal(const Child& child, int signal) {
  if (syscall(SYS_pidfd_send_signal, child.pidfd.get(), signal, nullptr, 0) == 0) return {};
  return tl::unexpected(last_error("pidfd_send_signal"));
}

std::vector<std::string> command_line(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/cmdline", std::ios::binary);
  std::vector<std::string> words;
  for (std::string word; std::getline(file, word, '\0');) words.push_back(std::move(word));
  return words;
}

void kill_session(const Child& child) {
  ::kill(-child.pid, SIGKILL);
}

}  // namespace bulkhead::platform
