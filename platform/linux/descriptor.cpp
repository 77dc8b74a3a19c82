#include "platform/descriptor.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bulkhead::platform {

UniqueFd duplicate(int descriptor) {
  return duplicate_from(descriptor, 3);
}

UniqueFd duplicate_from(int descriptor, int least) {
  return UniqueFd(::fcntl(descriptor, F_DUPFD_CLOEXEC, least));
}

std::uint64_t open_files_limit() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

bool duplicate_onto(int source, int target) {
  return ::dup3(source, target, O_CLOEXEC) == target;
}

tl::expected<Pipe, Error> pipe_from_child() {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return tl::unexpected(last_error("pipe2"));
  Pipe pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
  if (::fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) return tl::unexpected(last_error("fcntl"));
  return pipe;
}

void shutdown_both(int socket) {
  ::shutdown(socket, SHUT_RDWR);
}

}  // namespace bulkhead::platform
