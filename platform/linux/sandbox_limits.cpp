// Resource limits, and what the process denies to itself by prctl. RLIMIT_FSIZE stays as it is: the
// access log is an inherited descriptor, and a limit would apply to it.
#include <algorithm>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "platform/linux/sandbox_layers.h"

namespace bulkhead::platform {
namespace {

bool forbid(decltype(RLIMIT_CORE) resource) {
  const rlimit none{0, 0};
  return setrlimit(resource, &none) == 0;
}

// The hard limit is lowered along with the soft one when a number was asked for.
bool limit_open_files(const std::optional<std::uint64_t>& wanted, rlim_t& in_force) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
  limit.rlim_cur = wanted ? std::min<rlim_t>(*wanted, limit.rlim_max) : limit.rlim_max;
  limit.rlim_max = limit.rlim_cur;
  in_force = limit.rlim_cur;
  return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

}  // namespace

Layer set_limits(const SandboxRequest& request) {
  rlim_t open_files = 0;
  // The limit of processes counts threads too; where there are to be some, seccomp alone forbids
  // processes.
  const bool threads = request.profile == SandboxProfile::auth;
  if (!forbid(RLIMIT_CORE) || (!threads && !forbid(RLIMIT_NPROC)) ||
      !limit_open_files(request.open_files, open_files)) {
    return layer_unavailable(layer::limits, failure_of("setrlimit"));
  }
  return layer_on(layer::limits, std::string(threads ? "no core, " : "no core, no new process, ") +
                                     std::to_string(open_files) + " open files");
}

Layer forbid_new_privileges() {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) return layer_on(layer::no_new_privileges, "");
  return layer_unavailable(layer::no_new_privileges, failure_of("PR_SET_NO_NEW_PRIVS"));
}

Layer forbid_dumping() {
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0) return layer_on(layer::not_dumpable, "");
  return layer_unavailable(layer::not_dumpable, failure_of("PR_SET_DUMPABLE"));
}

}  // namespace bulkhead::platform
