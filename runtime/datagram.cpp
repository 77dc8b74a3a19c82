#include "runtime/datagram.h"

#include <cerrno>
#include <sys/socket.h>

namespace bulkhead::runtime {

Datagram try_receive(Socket& socket, std::span<std::byte> buffer) {
  sockaddr_storage source{};
  iovec part{buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_name = &source;
  message.msg_namelen = sizeof source;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  const auto got = ::recvmsg(socket.fd(), &message, 0);
  if (got < 0) {
    const bool blocked = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    return {blocked ? IoStatus::would_block : IoStatus::failed, 0, false, {}};
  }
  Datagram datagram;
  datagram.bytes = static_cast<std::size_t>(got);
  datagram.truncated = (message.msg_flags & MSG_TRUNC) != 0;
  const auto endpoint =
      wire::Endpoint::from_sockaddr(reinterpret_cast<sockaddr*>(&source), message.msg_namelen);
  if (endpoint) datagram.source = *endpoint;
  return datagram;
}

bool try_send(Socket& socket, std::span<const std::byte> payload) {
  const auto put = ::send(socket.fd(), payload.data(), payload.size(), MSG_NOSIGNAL);
  return put == static_cast<ssize_t>(payload.size());
}

}  // namespace bulkhead::runtime
