#include "workers/auth/method/ldap/dial.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "workers/auth/method/remaining.h"

namespace bulkhead::auth {
namespace {

using Addresses = std::unique_ptr<addrinfo, void (*)(addrinfo*)>;

tl::unexpected<DialError> failed(Reason reason, std::string detail) {
  return tl::unexpected(DialError{reason, std::move(detail)});
}

tl::unexpected<DialError> failed(int error) {
  return failed(error == ETIMEDOUT ? Reason::timed_out : Reason::server_unreachable,
                std::string("cannot connect: ") + std::strerror(error));
}

std::size_t count(const addrinfo* first) {
  std::size_t number = 0;
  for (const addrinfo* each = first; each != nullptr; each = each->ai_next) ++number;
  return number;
}

// 0, or errno.
int wait_until_connected(int socket, Deadline deadline) {
  pollfd wait{socket, POLLOUT, 0};
  int ready = 0;
  do {
    ready = poll(&wait, 1, remaining_ms(deadline));
  } while (ready < 0 && errno == EINTR);
  if (ready == 0) return ETIMEDOUT;
  int error = errno;
  socklen_t length = sizeof error;
  if (ready > 0 && getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
  return error;
}

tl::expected<platform::UniqueFd, DialError> connect_to(const addrinfo& address, Deadline deadline) {
  platform::UniqueFd made(
      socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
  if (!made) return failed(errno);
  if (connect(made.get(), address.ai_addr, address.ai_addrlen) != 0) {
    const int error = errno == EINPROGRESS ? wait_until_connected(made.get(), deadline) : errno;
    if (error != 0) return failed(error);
  }
  const int on = 1;
  setsockopt(made.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(made.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  fcntl(made.get(), F_SETFL, fcntl(made.get(), F_GETFL) & ~O_NONBLOCK);
  return made;
}

}  // namespace

tl::expected<platform::UniqueFd, DialError> dial(const std::string& host, int port,
                                                 Deadline deadline) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  const Addresses addresses(found, freeaddrinfo);
  if (error != 0)
    return failed(Reason::server_unreachable,
                  std::string("cannot resolve the name: ") + gai_strerror(error));
  std::size_t left = count(found);
  tl::expected<platform::UniqueFd, DialError> last = failed(ETIMEDOUT);
  for (const addrinfo* each = found; each != nullptr && remaining_ms(deadline) > 0;
       each = each->ai_next, --left) {
    last = connect_to(*each, within(deadline, remaining(deadline) / static_cast<int>(left)));
    if (last) break;
  }
  return last;
}

}  // namespace bulkhead::auth
