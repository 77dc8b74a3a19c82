// Making message sockets: pairs, listeners on a path, connections.
#include "platform/message_socket.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/linux/unix_address.h"

namespace bulkhead::platform {
namespace {

constexpr int socket_type = SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK;

tl::expected<UniqueFd, Error> create() {
  UniqueFd socket(::socket(AF_UNIX, socket_type, 0));
  if (!socket) return tl::unexpected(last_error("socket"));
  return socket;
}

// Removes the socket of a dead process. Whether it is dead is asked by connecting: nobody listening
// is ECONNREFUSED.
tl::expected<void, Error> remove_stale(const std::string& path) {
  struct stat status{};
  if (lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return tl::unexpected(last_error("lstat"));
  }
  if (!S_ISSOCK(status.st_mode)) return tl::unexpected(make_error("bind", EEXIST));
  const auto probe = connect_message_socket(path);
  // A full backlog or a listener of another type is somebody alive as well.
  if (probe || probe.error().code.value() != ECONNREFUSED) {
    return tl::unexpected(make_error("bind", EADDRINUSE));
  }
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return tl::unexpected(last_error("unlink"));
  return {};
}

}  // namespace

tl::expected<std::pair<UniqueFd, UniqueFd>, Error> message_socket_pair() {
  int ends[2] = {-1, -1};
  if (socketpair(AF_UNIX, socket_type, 0, ends) != 0) {
    return tl::unexpected(last_error("socketpair"));
  }
  return std::pair(UniqueFd(ends[0]), UniqueFd(ends[1]));
}

tl::expected<UniqueFd, Error> listen_message_socket(const std::string& path, mode_t mode) {
  const auto address = unix_address(path);
  if (!address) return tl::unexpected(make_error("bind", ENAMETOOLONG));
  if (auto removed = remove_stale(path); !removed) return tl::unexpected(removed.error());
  auto socket = create();
  if (!socket) return socket;
  // bind() makes the node with 0777 minus the umask: this is the only way that it is never wider
  // than mode.
  const mode_t old_mask = umask(static_cast<mode_t>(~mode & 0777));
  const int bound = bind(socket->get(), address->get(), address->length);
  const int bind_errno = errno;
  umask(old_mask);
  if (bound != 0) return tl::unexpected(make_error("bind", bind_errno));
  if (listen(socket->get(), 128) != 0) return tl::unexpected(last_error("listen"));
  return socket;
}

tl::expected<UniqueFd, Error> accept_message_socket(int listener) {
  UniqueFd socket(accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket) return tl::unexpected(last_error("accept4"));
  return socket;
}

tl::expected<UniqueFd, Error> connect_message_socket(const std::string& path) {
  const auto address = unix_address(path);
  if (!address) return tl::unexpected(make_error("connect", ENAMETOOLONG));
  auto socket = create();
  if (!socket) return socket;
  if (connect(socket->get(), address->get(), address->length) != 0) {
    return tl::unexpected(last_error("connect"));
  }
  return socket;
}

tl::expected<PeerCredentials, Error> peer_credentials(int descriptor) {
  ucred credentials{};
  socklen_t length = sizeof(credentials);
  if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) {
    return tl::unexpected(last_error("SO_PEERCRED"));
  }
  return PeerCredentials{credentials.uid, credentials.gid, credentials.pid};
}

}  // namespace bulkhead::platform
