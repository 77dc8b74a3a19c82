// How far a TCP connection's two byte streams have come, told by the kernel: exact whatever the
// process that used the socket was doing when it died.
//
// Positions are counts of bytes, modulo 2^64, from a start that only the kernel knows: take one
// when the true count is known, and later ones count from there. The mark that ends a stream (FIN)
// is not counted as a byte. Nothing here changes the socket; all of it works in every sandbox.
#pragma once

#include <cstdint>
#include <optional>

namespace bulkhead::platform {

struct StreamPosition {
  std::uint64_t bytes = 0;
  bool ended = false;  // the FIN has come in, or has been sent
  // The connection is no more: nothing can be sent or received beyond what has been received. It
  // was closed in order from both sides, unless the socket has an error to tell.
  bool closed = false;
};

// How many bytes of what the peer sends have been taken from the socket. Nothing if it is no TCP
// socket that is or was connected, or if so much comes in that it cannot be told (try again).
std::optional<StreamPosition> consumed_position(int socket);

// How many bytes have been given to the socket, sent or not.
std::optional<StreamPosition> enqueued_position(int socket);

// Bytes in a pipe; nothing if it is none.
std::optional<std::uint64_t> bytes_in_pipe(int pipe);

}  // namespace bulkhead::platform
