// One message out, one message in, with descriptors.
//
// The receiving side must own every descriptor the kernel installs before it may judge the message:
// a hostile peer could otherwise exhaust the descriptor table with messages that are then refused.
// The control buffer holds exactly max_message_descriptors; the kernel installs what fits and says
// MSG_CTRUNC.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/uio.h>

#include "platform/message_socket.h"

namespace bulkhead::platform {
namespace {

constexpr std::size_t control_size = CMSG_SPACE(sizeof(int) * max_message_descriptors);

struct ControlBuffer {
  alignas(cmsghdr) unsigned char bytes[control_size] = {};
};

SendResult send_outcome(ssize_t sent) {
  if (sent >= 0) return {SendStatus::sent, 0};
  if (errno == EAGAIN || errno == EWOULDBLOCK) return {SendStatus::would_block, 0};
  if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN) return {SendStatus::closed, 0};
  return {SendStatus::error, errno};
}

ssize_t send_with_descriptors(int socket, std::span<const std::uint8_t> bytes,
                              std::span<const int> descriptors) {
  ControlBuffer control;
  iovec part{const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
  std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
  ssize_t sent = 0;
  do {
    sent = sendmsg(socket, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent;
}

ssize_t send_bytes(int socket, std::span<const std::uint8_t> bytes) {
  ssize_t sent = 0;
  do {
    sent = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent;
}

void take_descriptors(msghdr& message, std::vector<UniqueFd>& descriptors) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int descriptor = -1;
      std::memcpy(&descriptor, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
      descriptors.emplace_back(descriptor);
    }
  }
}

ReceiveResult receive_failure() {
  if (errno == EAGAIN || errno == EWOULDBLOCK) return {ReceiveStatus::would_block, 0, 0};
  if (errno == ECONNRESET) return {ReceiveStatus::closed, 0, 0};
  return {ReceiveStatus::error, 0, errno};
}

}  // namespace

SendResult send_message(int socket, std::span<const std::uint8_t> bytes,
                        std::span<const int> descriptors) {
  if (bytes.empty() || descriptors.size() > max_message_descriptors) {
    return {SendStatus::error, EINVAL};
  }
  // Without descriptors send() does: the acceptor's sandbox allows sendmsg() on its IPC channels
  // only.
  if (descriptors.empty()) return send_outcome(send_bytes(socket, bytes));
  return send_outcome(send_with_descriptors(socket, bytes, descriptors));
}

ReceiveResult receive_message(int socket, std::span<std::uint8_t> buffer,
                              std::vector<UniqueFd>& descriptors) {
  descriptors.clear();
  ControlBuffer control;
  iovec part{buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  message.msg_controllen = control_size;
  ssize_t received = 0;
  do {
    received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (received < 0 && errno == EINTR);
  if (received < 0) return receive_failure();
  take_descriptors(message, descriptors);
  if ((message.msg_flags & MSG_TRUNC) != 0) {
    descriptors.clear();
    return {ReceiveStatus::truncated, 0, 0};
  }
  if ((message.msg_flags & MSG_CTRUNC) != 0) {
    descriptors.clear();
    return {ReceiveStatus::descriptors_lost, static_cast<std::size_t>(received), 0};
  }
  if (received == 0) {
    descriptors.clear();  // a message of no bytes may still carry some
    return {ReceiveStatus::closed, 0, 0};
  }
  return {ReceiveStatus::received, static_cast<std::size_t>(received), 0};
}

}  // namespace bulkhead::platform
