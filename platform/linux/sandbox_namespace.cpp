// An empty network namespace. A socket belongs to the namespace it was made in, so what was handed
// to this process from outside goes on working; what it makes itself reaches nothing: even loopback
// is down.
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include "platform/linux/sandbox_layers.h"
#include "platform/unique_fd.h"

namespace bulkhead::platform {
namespace {

bool write_file(const char* path, const std::string& text) {
  const UniqueFd file(open(path, O_WRONLY | O_CLOEXEC));
  return file && write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

// Maps our own ids onto themselves; nobody else exists in the namespace. Without the map the
// process would only look like nobody (65534) to itself: the sandbox is no weaker, so a failure is
// mentioned and no more.
bool map_own_ids(uid_t uid, gid_t gid) {
  const std::string user = std::to_string(uid) + " " + std::to_string(uid) + " 1";
  const std::string group = std::to_string(gid) + " " + std::to_string(gid) + " 1";
  return write_file("/proc/self/setgroups", "deny") && write_file("/proc/self/uid_map", user) &&
         write_file("/proc/self/gid_map", group);
}

}  // namespace

Layer enter_network_namespace() {
  if (unshare(CLONE_NEWNET) == 0) return layer_on(layer::network_namespace, "empty");
  const std::string failure = failure_of("unshare");
  // Root that may not do this would lose its way to another uid inside a user namespace, which
  // knows one uid only.
  if (is_root()) return layer_unavailable(layer::network_namespace, failure);
  const uid_t uid = geteuid();
  const gid_t gid = getegid();
  if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
    return layer_unavailable(layer::network_namespace, failure_of("unshare with a user namespace"));
  }
  const bool mapped = map_own_ids(uid, gid);
  return layer_on(layer::network_namespace,
                  mapped ? "empty, in a user namespace" : "empty, in a user namespace without ids");
}

}  // namespace bulkhead::platform
