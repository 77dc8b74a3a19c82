#include "platform/descriptor.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bulkhead::platform {

UniqueFd duplicate(int descriptor) {
  return UniqueFd(::fcntl(descriptor, F_DUPFD_CLOEXEC, 3));
}

bool duplicate_onto(int source, int target) {
  return ::dup3(source, target, O_CLOEXEC) == target;
}

void shutdown_both(int socket) {
  ::shutdown(socket, SHUT_RDWR);
}

}  // namespace bulkhead::platform
