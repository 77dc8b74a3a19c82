// Local sockets that keep message boundaries and carry file descriptors: what the processes talk
// over. On Linux SOCK_SEQPACKET in the Unix domain. Every descriptor made here is close-on-exec and
// non-blocking.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <sys/types.h>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "platform/error.h"
#include "platform/unique_fd.h"

namespace bulkhead::platform {

// Most descriptors one message may carry, in both directions.
inline constexpr std::size_t max_message_descriptors = 16;

// A connected pair; each end goes to one process.
tl::expected<std::pair<UniqueFd, UniqueFd>, Error> message_socket_pair();

// Listens on a path. A socket left behind by a dead process is removed first; one that somebody
// still listens on is EADDRINUSE, and anything that is not a socket is EEXIST. mode is 0600 or
// 0660; the path never exists with more. The umask is changed meanwhile: call it while the process
// has one thread. Paths longer than 107 bytes are ENAMETOOLONG. The caller unlinks the path when
// done.
tl::expected<UniqueFd, Error> listen_message_socket(const std::string& path, mode_t mode);

// The next connection; EAGAIN when there is none.
tl::expected<UniqueFd, Error> accept_message_socket(int listener);

// Connects to a path. Does not block: a full backlog is EAGAIN.
tl::expected<UniqueFd, Error> connect_message_socket(const std::string& path);

// Who is at the other end, as the kernel saw it when the connection (or pair) was made.
struct PeerCredentials {
  uid_t uid = 0;
  gid_t gid = 0;
  pid_t pid = 0;
};
tl::expected<PeerCredentials, Error> peer_credentials(int descriptor);

enum class SendStatus {
  sent,         // the whole message, with its descriptors
  would_block,  // nothing was sent; wait until writable
  closed,       // the peer is gone
  error,        // see error; nothing was sent (EMSGSIZE: longer than the socket buffer allows)
};
struct SendResult {
  SendStatus status = SendStatus::error;
  int error = 0;  // errno, for error only
};

// Sends one message. bytes must not be empty (a message of no bytes cannot be told from the end)
// and descriptors at most max_message_descriptors: otherwise EINVAL. The descriptors stay the
// caller's.
SendResult send_message(int socket, std::span<const std::uint8_t> bytes,
                        std::span<const int> descriptors = {});

enum class ReceiveStatus {
  received,          // bytes is the length; descriptors are the receiver's
  would_block,       // nothing there
  closed,            // the peer is gone and everything it sent has been read
  descriptors_lost,  // as received, but this process may open no more descriptors (or the message
                     // carried too many): those that came are closed
  truncated,  // the message was longer than the buffer: it is lost, its descriptors are closed
  error,      // see error
};
struct ReceiveResult {
  ReceiveStatus status = ReceiveStatus::error;
  std::size_t bytes = 0;
  int error = 0;  // errno, for error only
};

// Receives one message into buffer. descriptors is cleared first and then holds what came with the
// message, at most max_message_descriptors, all close-on-exec. On any status but received it is
// empty.
ReceiveResult receive_message(int socket, std::span<std::uint8_t> buffer,
                              std::vector<UniqueFd>& descriptors);

}  // namespace bulkhead::platform
