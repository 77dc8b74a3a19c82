// What the vault may not do with what it holds: look into it, or put anything in.
#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "platform/linux/rogue.h"

namespace bulkhead::platform {
namespace {

using Context = const RogueContext&;

int outcome(long result) {
  return result >= 0 ? 0 : errno;
}

int receive_message_from_held(Context context) {
  char bytes[8];
  iovec part{bytes, sizeof(bytes)};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  return outcome(recvmsg(context.held.get(), &message, 0));
}

int send_message_to_held(Context context) {
  char byte = 'x';
  iovec part{&byte, 1};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  return outcome(sendmsg(context.held.get(), &message, MSG_NOSIGNAL));
}

int splice_from_held(Context context) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return errno;
  return outcome(splice(context.held.get(), nullptr, ends[1], nullptr, 4, SPLICE_F_NONBLOCK));
}

int map_held_page(Context context) {
  void* memory = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, context.held_page.get(), 0);
  return memory == MAP_FAILED ? errno : 0;
}

int peek_at_held(Context context) {
  char bytes[8];
  return outcome(recv(context.held.get(), bytes, sizeof(bytes), MSG_PEEK));
}

int read_held(Context context) {
  char bytes[8];
  return outcome(read(context.held.get(), bytes, sizeof(bytes)));
}

int read_held_by_upper_bits(Context context) {
  char bytes[8];
  return outcome(syscall(SYS_read, (1L << 32) | context.held.get(), bytes, sizeof(bytes)));
}

constexpr NamedAttempt attempts[] = {
    {"read_held", read_held},
    {"read_held_by_upper_bits", read_held_by_upper_bits},
    {"receive_from_held",
     [](Context c) {
       char bytes[8];
       return outcome(recv(c.held.get(), bytes, sizeof(bytes), 0));
     }},
    {"peek_at_held", peek_at_held},
    {"receive_message_from_held", receive_message_from_held},
    {"write_to_held", [](Context c) { return outcome(write(c.held.get(), "x", 1)); }},
    {"send_to_held", [](Context c) { return outcome(send(c.held.get(), "x", 1, MSG_NOSIGNAL)); }},
    {"send_message_to_held", send_message_to_held},
    {"splice_from_held", splice_from_held},
    {"shut_held_down", [](Context c) { return outcome(shutdown(c.held.get(), SHUT_WR)); }},
    {"map_held_page", map_held_page},
    {"read_held_page",
     [](Context c) {
       char bytes[8];
       return outcome(pread(c.held_page.get(), bytes, sizeof(bytes), 0));
     }},
    {"duplicate_held_onto_a_low_number",
     [](Context c) { return outcome(dup3(c.held.get(), 100, O_CLOEXEC)); }},
};

}  // namespace

std::span<const NamedAttempt> rogue_holding_attempts() {
  return attempts;
}

}  // namespace bulkhead::platform
