// What an acceptor may not do with the network: find a way out of its own, or give descriptors to a
// stranger.
#include <cerrno>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "platform/linux/rogue.h"
#include "platform/message_socket.h"
#include "platform/socket.h"

namespace bulkhead::platform {
namespace {

using Context = const RogueContext&;

int outcome(long result) {
  return result >= 0 || errno == EINPROGRESS ? 0 : errno;
}

template <typename Result>
int outcome_of(const Result& result) {
  return result ? 0 : result.error().code.value();
}

struct Destination {
  explicit Destination(const wire::Endpoint& endpoint) : length(endpoint.to_sockaddr(storage)) {}
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  sockaddr_storage storage{};
  socklen_t length;
};

int send_to_address(Context context, int socket, int flags) {
  Destination destination(context.listening);
  return outcome(
      sendto(socket, "x", 1, flags | MSG_NOSIGNAL, destination.get(), destination.length));
}

int sendmsg_to_address(Context context, int socket) {
  Destination destination(context.listening);
  char byte = 'x';
  iovec part{&byte, 1};
  msghdr message{};
  message.msg_name = destination.get();
  message.msg_namelen = destination.length;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  return outcome(sendmsg(socket, &message, MSG_NOSIGNAL));
}

int pass_descriptor(int socket, int descriptor) {
  const std::uint8_t byte[] = {1};
  const int passed[] = {descriptor};
  const SendResult result = send_message(socket, byte, passed);
  return result.status == SendStatus::sent ? 0 : result.error;
}

int fast_open_without_address(Context context) {
  return outcome(sendto(context.tcp.get(), "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, nullptr, 0)) ==
                 EINVAL
             ? 0  // got as far as the kernel
             : errno;
}

// The channel's number must not come to mean another socket.
int replace_channel(Context context) {
  const int number = context.channel.get();
  close(number);
  const int taken = fcntl(context.udp.get(), F_DUPFD_CLOEXEC, number);
  if (taken != number) return EBUSY;
  return sendmsg_to_address(context, number);
}

int replace_channel_upper_bits(Context context) {
  const long number = context.channel.get();
  syscall(SYS_close, number | (1L << 32));
  const int taken = fcntl(context.udp.get(), F_DUPFD_CLOEXEC, number);
  if (taken != number) return EBUSY;
  return sendmsg_to_address(context, taken);
}

constexpr NamedAttempt attempts[] = {
    {"inet_socket", [](Context c) { return outcome_of(create_tcp(c.listening.address)); }},
    {"inet6_socket",
     [](Context) { return outcome_of(create_udp(*wire::IpAddress::parse("::1"))); }},
    {"connect", [](Context c) { return outcome_of(start_connect(c.tcp.get(), c.listening)); }},
    {"connect_udp", [](Context c) { return outcome_of(start_connect(c.udp.get(), c.listening)); }},
    {"sendto_udp", [](Context c) { return send_to_address(c, c.udp.get(), 0); }},
    {"sendto_fast_open", [](Context c) { return send_to_address(c, c.tcp.get(), MSG_FASTOPEN); }},
    {"fast_open_without_address", fast_open_without_address},
    {"fast_open_connect",
     [](Context c) {
       const int on = 1;
       return outcome(setsockopt(c.tcp.get(), IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof(on)));
     }},
    {"sendmsg_address", [](Context c) { return sendmsg_to_address(c, c.udp.get()); }},
    {"sendmmsg_address",
     [](Context c) {
       mmsghdr message{};
       return outcome(sendmmsg(c.udp.get(), &message, 1, 0)) == EDESTADDRREQ ? 0 : errno;
     }},
    {"pass_descriptor_to_stranger",
     [](Context c) { return pass_descriptor(c.stranger.get(), c.udp.get()); }},
    {"replace_channel", replace_channel},
    {"replace_channel_upper_bits", replace_channel_upper_bits},
    {"bind",
     [](Context c) {
       return outcome_of(bind_socket(c.udp.get(), *wire::Endpoint::parse("127.0.0.1:0")));
     }},
    {"listen", [](Context c) { return outcome_of(start_listening(c.tcp.get(), 1)); }},
};

}  // namespace

std::span<const NamedAttempt> rogue_network_attempts() {
  return attempts;
}

}  // namespace bulkhead::platform
