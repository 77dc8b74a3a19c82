#include "platform/scheduling.h"

#include <fcntl.h>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

#include "platform/unique_fd.h"

namespace bulkhead::platform {

void give_way(int niceness) {
  // A thread's own: on Linux, what looks like a process' priority.
  [[maybe_unused]] const int set =
      ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), niceness);
}

void let_session_give_way(int niceness) {
  const UniqueFd file(::open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC));
  const std::string text = std::to_string(niceness);
  if (file) [[maybe_unused]]
    const ssize_t written = ::write(file.get(), text.data(), text.size());
}

}  // namespace bulkhead::platform
