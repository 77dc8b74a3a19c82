// Datagram sockets under the loop: receive one datagram and who sent it; send to the connected
// peer.
#pragma once

#include <cstddef>
#include <span>

#include "runtime/socket.h"
#include "wire/address.h"

namespace bulkhead::runtime {

struct Datagram {
  IoStatus status = IoStatus::ok;
  std::size_t bytes = 0;
  bool truncated = false;
  wire::Endpoint source;
};

// Never blocks. A datagram longer than the buffer is cut and marked.
Datagram try_receive(Socket& socket, std::span<std::byte> buffer);

// Sends to the socket's connected peer; drops (false) when it would block, as a network would.
bool try_send(Socket& socket, std::span<const std::byte> payload);

}  // namespace bulkhead::runtime
