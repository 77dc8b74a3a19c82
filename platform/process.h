// Starting another program with exactly the descriptors, arguments and environment it is meant to
// have, and learning how it ended.
#pragma once

#include <optional>
#include <string>
#include <sys/types.h>
#include <tl/expected.hpp>
#include <vector>

#include "platform/error.h"
#include "platform/unique_fd.h"

namespace bulkhead::platform {

// The child's descriptor number `target` becomes a copy of the caller's `source`. The caller keeps
// source.
struct InheritedDescriptor {
  int source = -1;
  int target = -1;  // 0 to 1023
};

struct SpawnRequest {
  std::string executable;                // a path; PATH is not searched
  std::vector<std::string> arguments;    // argv, argv[0] included
  std::vector<std::string> environment;  // "NAME=value"; nothing else is inherited
  // Beside these only 0, 1 and 2 are inherited; everything else is closed. Sources and targets may
  // overlap.
  std::vector<InheritedDescriptor> descriptors;
  // A session of its own: Ctrl-C in the terminal reaches the supervisor alone, which then drains in
  // order. The child is not tied to the life of its parent (no PDEATHSIG): workers may outlive a
  // supervisor.
  bool new_session = true;
};

struct Child {
  pid_t pid = -1;
  UniqueFd pidfd;  // readable when the child has ended; still has to be waited for
};

// fork + exec. Signal mask and dispositions are the default ones in the child. When the exec fails
// the child is gone (and reaped) and the error is exec's, e.g. {"execve", ENOENT}. Blocks until the
// exec has happened.
tl::expected<Child, Error> spawn(const SpawnRequest& request);

// exec in place: another program in this process, with its pid, its children and these descriptors.
// Everything else that is close-on-exec is closed by the kernel; blocked signals stay blocked and
// pending, ignored ones ignored.
struct Replacement {
  std::string path;                      // of the program; empty: program is executed
  int program = -1;                      // see open_own_program()
  std::vector<std::string> arguments;    // argv, argv[0] included
  std::vector<std::string> environment;  // "NAME=value"
  std::vector<int> kept;                 // at the same numbers
};

// Returns only when it failed; then everything is as it was.
Error replace_program(const Replacement& replacement);

// The program that this process runs, for going back to it even when its file has been replaced.
tl::expected<UniqueFd, Error> open_own_program();

// Whether the descriptor survives an exec. False if it is not open.
bool set_inheritable(int descriptor, bool inheritable);

struct ExitReason {
  enum class Kind { exited, signaled };
  Kind kind = Kind::exited;
  int value = 0;  // exit code or signal number
  bool core_dumped = false;

  bool clean() const { return kind == Kind::exited && value == 0; }
  bool sandbox_violation() const;  // killed by SIGSYS
  // "exited with code 1", "killed by signal 11 (SIGSEGV, core dumped)", "killed by the sandbox
  // (SIGSYS)"
  std::string to_string() const;
};

// Waits for the child to end and reaps it. Blocks.
tl::expected<ExitReason, Error> wait_for(pid_t pid);
// The same without blocking: nothing while it still runs.
tl::expected<std::optional<ExitReason>, Error> try_wait(pid_t pid);

// Signals through the pidfd: never hits another process that got the same pid. ESRCH when it has
// ended.
tl::expected<void, Error> send_signal(const Child& child, int signal);

// argv of a process of ours, as the kernel has it; empty when that cannot be read.
std::vector<std::string> command_line(pid_t pid);

// Kills a child that was given a session of its own, with what it has started in that session.
// Before it is reaped: until then its number is nobody else's.
void kill_session(const Child& child);

}  // namespace bulkhead::platform
