// Network sockets: see socket.h.
#include "platform/socket.h"

#include <cerrno>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace bulkhead::platform {
namespace {

using Result = tl::expected<void, Error>;

tl::expected<UniqueFd, Error> create(const wire::IpAddress& family, int type, int protocol = 0) {
  UniqueFd socket(
      ::socket(family.is_v4() ? AF_INET : AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
  if (!socket) return tl::unexpected(last_error("socket"));
  return socket;
}

template <typename Value>
Result set_option(int socket, int level, int name, const Value& value, std::string_view operation) {
  if (setsockopt(socket, level, name, &value, sizeof(value)) == 0) return {};
  return tl::unexpected(last_error(operation));
}

Result prepare_listener(int socket, const wire::Endpoint& endpoint, const ListenOptions& options) {
  if (auto set = set_option(socket, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR"); !set) return set;
  if (options.reuse_port) {
    if (auto set = set_option(socket, SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT"); !set)
      return set;
  }
  if (endpoint.address.is_v4()) return {};
  const int only_v6 = options.dual_stack ? 0 : 1;
  return set_option(socket, IPPROTO_IPV6, IPV6_V6ONLY, only_v6, "IPV6_V6ONLY");
}

tl::expected<wire::Endpoint, Error> to_endpoint(const sockaddr_storage& storage, socklen_t length,
                                                std::string_view operation) {
  const auto endpoint =
      wire::Endpoint::from_sockaddr(reinterpret_cast<const sockaddr*>(&storage), length);
  if (!endpoint) return tl::unexpected(make_error(operation, EAFNOSUPPORT));
  return *endpoint;
}

}  // namespace

tl::expected<UniqueFd, Error> listen_tcp(const wire::Endpoint& endpoint,
                                         const ListenOptions& options) {
  auto socket = create_tcp(endpoint.address);
  if (!socket) return socket;
  Result done = prepare_listener(socket->get(), endpoint, options);
  if (done) done = bind_socket(socket->get(), endpoint);
  if (done) done = start_listening(socket->get(), options.backlog);
  if (!done) return tl::unexpected(done.error());
  return socket;
}

tl::expected<Accepted, Error> accept_tcp(int listener) {
  sockaddr_storage storage{};
  socklen_t length = sizeof(storage);
  UniqueFd socket;
  do {
    length = sizeof(storage);
    socket.reset(accept4(listener, reinterpret_cast<sockaddr*>(&storage), &length,
                         SOCK_CLOEXEC | SOCK_NONBLOCK));
  } while (!socket && errno == EINTR);
  if (!socket) return tl::unexpected(last_error("accept4"));
  const auto peer = to_endpoint(storage, length, "accept4");
  if (!peer) return tl::unexpected(peer.error());
  return Accepted{std::move(socket), *peer};
}

tl::expected<UniqueFd, Error> create_tcp(const wire::IpAddress& family) {
  return create(family, SOCK_STREAM);
}

tl::expected<UniqueFd, Error> create_udp(const wire::IpAddress& family) {
  return create(family, SOCK_DGRAM);
}

tl::expected<UniqueFd, Error> create_ping(const wire::IpAddress& family) {
  return create(family, SOCK_DGRAM, family.is_v4() ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6});
}

Result bind_socket(int socket, const wire::Endpoint& local) {
  sockaddr_storage storage{};
  const socklen_t length = local.to_sockaddr(storage);
  if (bind(socket, reinterpret_cast<const sockaddr*>(&storage), length) == 0) return {};
  return tl::unexpected(last_error("bind"));
}

Result start_listening(int socket, int backlog) {
  if (listen(socket, backlog) == 0) return {};
  return tl::unexpected(last_error("listen"));
}

tl::expected<ConnectStart, Error> start_connect(int socket, const wire::Endpoint& peer) {
  sockaddr_storage storage{};
  const socklen_t length = peer.to_sockaddr(storage);
  if (connect(socket, reinterpret_cast<const sockaddr*>(&storage), length) == 0) {
    return ConnectStart::connected;
  }
  // Interrupted, a connect goes on in the background just as a non-blocking one does.
  if (errno == EINPROGRESS || errno == EINTR) return ConnectStart::in_progress;
  return tl::unexpected(last_error("connect"));
}

std::error_code socket_error(int socket) {
  int value = 0;
  socklen_t length = sizeof(value);
  if (getsockopt(socket, SOL_SOCKET, SO_ERROR, &value, &length) != 0) value = errno;
  return {value, std::generic_category()};
}

Result set_no_delay(int socket, bool on) {
  return set_option(socket, IPPROTO_TCP, TCP_NODELAY, on ? 1 : 0, "TCP_NODELAY");
}

Result set_keepalive(int socket, std::chrono::seconds idle, std::chrono::seconds interval,
                     int count) {
  const int idle_seconds = static_cast<int>(idle.count());
  const int interval_seconds = static_cast<int>(interval.count());
  Result done = set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, idle_seconds, "TCP_KEEPIDLE");
  if (done)
    done = set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, interval_seconds, "TCP_KEEPINTVL");
  if (done) done = set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, count, "TCP_KEEPCNT");
  if (done) done = set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1, "SO_KEEPALIVE");
  return done;
}

Result clear_keepalive(int socket) {
  return set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 0, "SO_KEEPALIVE");
}

Result set_reset_on_close(int socket) {
  return set_option(socket, SOL_SOCKET, SO_LINGER, linger{1, 0}, "SO_LINGER");
}

tl::expected<wire::Endpoint, Error> local_endpoint(int socket) {
  sockaddr_storage storage{};
  socklen_t length = sizeof(storage);
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&storage), &length) != 0) {
    return tl::unexpected(last_error("getsockname"));
  }
  return to_endpoint(storage, length, "getsockname");
}

tl::expected<wire::Endpoint, Error> peer_endpoint(int socket) {
  sockaddr_storage storage{};
  socklen_t length = sizeof(storage);
  if (getpeername(socket, reinterpret_cast<sockaddr*>(&storage), &length) != 0) {
    return tl::unexpected(last_error("getpeername"));
  }
  return to_endpoint(storage, length, "getpeername");
}

Result shutdown_write(int socket) {
  if (shutdown(socket, SHUT_WR) == 0) return {};
  return tl::unexpected(last_error("shutdown"));
}

Result set_non_blocking(int descriptor) {
  const int flags = fcntl(descriptor, F_GETFL);
  if (flags < 0) return tl::unexpected(last_error("F_GETFL"));
  if (fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0) return {};
  return tl::unexpected(last_error("F_SETFL"));
}

std::optional<Listening> describe_listener(int socket) {
  const auto option = [socket](int level, int name) {
    int value = -1;
    socklen_t length = sizeof(value);
    return getsockopt(socket, level, name, &value, &length) == 0 ? value : -1;
  };
  const auto local = local_endpoint(socket);
  if (!local || option(SOL_SOCKET, SO_ACCEPTCONN) != 1 ||
      option(SOL_SOCKET, SO_PROTOCOL) != IPPROTO_TCP)
    return std::nullopt;
  const bool dual_stack = local->address.is_v6() && option(IPPROTO_IPV6, IPV6_V6ONLY) == 0;
  return Listening{*local, dual_stack};
}

}  // namespace bulkhead::platform
