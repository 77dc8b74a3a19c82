// Positions in TCP streams: see stream_position.h.
//
//   consumed  tcpi_bytes_received - SIOCINQ. Both change when a segment comes in, so the first is
//             read before and after: when it is the same, nothing came in between. The FIN is
//             counted in the first when it comes in, and never in the second.
//   enqueued  tcpi_bytes_acked + SIOCOUTQ, in the same way: an acknowledgement moves bytes from one
//             to the other. A FIN is counted from the moment it is queued.
//
// Whether a FIN is counted is told by the connection's state. In CLOSE both are when the connection
// ended in order; the state does not tell a reset, but then the socket has an error.
#include "platform/stream_position.h"

#include <cstddef>
#include <linux/sockios.h>
#include <netinet/in.h>
// The C library's tcp_info ends before what is needed here, and its header and the kernel's cannot
// be used together.
#include <linux/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace bulkhead::platform {
namespace {

constexpr int max_tries = 1000;

// The numbers of the states, which linux/tcp.h leaves out.
enum State : std::uint8_t {
  established = 1,
  syn_sent = 2,
  syn_received = 3,
  fin_wait1 = 4,
  fin_wait2 = 5,
  time_wait = 6,
  close_state = 7,
  close_wait = 8,
  last_ack = 9,
  listening = 10,
  closing = 11,
};

bool fin_received(std::uint8_t state) {
  return state == close_wait || state == last_ack || state == closing || state == time_wait ||
         state == close_state;
}

bool fin_queued(std::uint8_t state) {
  return state == fin_wait1 || state == fin_wait2 || state == last_ack || state == closing ||
         state == time_wait || state == close_state;
}

bool read_info(int socket, tcp_info& info) {
  socklen_t length = sizeof(info);
  if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return false;
  constexpr std::size_t needed =
      offsetof(tcp_info, tcpi_bytes_received) + sizeof(info.tcpi_bytes_received);
  return length >= needed && info.tcpi_state != listening && info.tcpi_state != syn_sent;
}

// Reads the counter, then the queue, until the counter is the same before and after.
template <typename Counter>
bool read_together(int socket, unsigned long queue, Counter counter, tcp_info& info, int& queued) {
  if (!read_info(socket, info)) return false;
  for (int i = 0; i < max_tries; ++i) {
    const auto before = info;
    if (ioctl(socket, queue, &queued) != 0 || !read_info(socket, info)) return false;
    if (before.*counter == info.*counter && before.tcpi_state == info.tcpi_state) return true;
  }
  return false;
}

}  // namespace

std::optional<StreamPosition> consumed_position(int socket) {
  tcp_info info{};
  int queued = 0;
  if (!read_together(socket, SIOCINQ, &tcp_info::tcpi_bytes_received, info, queued)) return {};
  StreamPosition position;
  position.ended = fin_received(info.tcpi_state);
  position.closed = info.tcpi_state == close_state;
  position.bytes =
      info.tcpi_bytes_received - static_cast<std::uint64_t>(queued) - (position.ended ? 1 : 0);
  return position;
}

std::optional<StreamPosition> enqueued_position(int socket) {
  tcp_info info{};
  int queued = 0;
  if (!read_together(socket, SIOCOUTQ, &tcp_info::tcpi_bytes_acked, info, queued)) return {};
  StreamPosition position;
  position.ended = fin_queued(info.tcpi_state);
  position.closed = info.tcpi_state == close_state;
  position.bytes =
      info.tcpi_bytes_acked + static_cast<std::uint64_t>(queued) - (position.ended ? 1 : 0);
  return position;
}

std::optional<std::uint64_t> bytes_in_pipe(int pipe) {
  int bytes = 0;
  if (ioctl(pipe, FIONREAD, &bytes) != 0 || bytes < 0) return {};
  return static_cast<std::uint64_t>(bytes);
}

}  // namespace bulkhead::platform
