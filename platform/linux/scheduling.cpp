#include "platform/scheduling.h"

#include <cstdint>
#include <fcntl.h>
#include <sched.h>
#include <string>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "platform/unique_fd.h"

namespace bulkhead::platform {
namespace {

// sched_setattr(2), the first version of its structure. Not taken from the kernel's header, which
// in some releases declares sched_param once more than the C library.
struct Attributes {
  std::uint32_t size = sizeof(Attributes);
  std::uint32_t policy = SCHED_OTHER;
  std::uint64_t flags = 0;
  std::int32_t niceness = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0;  // nanoseconds; of SCHED_OTHER: the slice
  std::uint64_t deadline = 0;
  std::uint64_t period = 0;
};
static_assert(sizeof(Attributes) == 48);

// The least the kernel takes.
constexpr std::uint64_t shortest_slice = 100'000;

}  // namespace

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

void take_short_turns() {
  Attributes attributes;
  attributes.niceness = ::getpriority(PRIO_PROCESS, 0);
  attributes.runtime = shortest_slice;
  [[maybe_unused]] const long set = ::syscall(SYS_sched_setattr, 0, &attributes, 0U);
}

}  // namespace bulkhead::platform
