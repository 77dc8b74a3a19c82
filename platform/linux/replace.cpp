// Executing another program in place: see process.h.
#include <cerrno>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "platform/process.h"

namespace bulkhead::platform {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (const std::string& text : strings) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

}  // namespace

bool set_inheritable(int descriptor, bool inheritable) {
  return fcntl(descriptor, F_SETFD, inheritable ? 0 : FD_CLOEXEC) == 0;
}

tl::expected<UniqueFd, Error> open_own_program() {
  UniqueFd program(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  if (!program) return tl::unexpected(last_error("open"));
  return program;
}

Error replace_program(const Replacement& replacement) {
  const auto arguments = pointers(replacement.arguments);
  const auto environment = pointers(replacement.environment);
  Error error{"fcntl", {}};
  bool inheritable = true;
  for (const int descriptor : replacement.kept)
    inheritable = inheritable && set_inheritable(descriptor, true);
  if (inheritable) {
    // By the path the new process gets its name right; the descriptor is for a program whose path
    // may be another file's by now.
    if (!replacement.path.empty()) {
      execve(replacement.path.c_str(), arguments.data(), environment.data());
    } else {
      syscall(SYS_execveat, replacement.program, "", arguments.data(), environment.data(),
              AT_EMPTY_PATH);
    }
    error = last_error("execve");
  } else {
    error = last_error("fcntl");
  }
  for (const int descriptor : replacement.kept) set_inheritable(descriptor, false);
  return error;
}

}  // namespace bulkhead::platform
