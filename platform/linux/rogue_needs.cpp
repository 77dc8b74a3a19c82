// What an honest worker does and must go on being able to do inside its sandbox.
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <linux/sockios.h>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "platform/descriptor.h"
#include "platform/linux/rogue.h"
#include "platform/message_socket.h"
#include "platform/sandbox.h"
#include "platform/sealed_memory.h"
#include "platform/socket.h"

namespace bulkhead::platform {
namespace {

using Context = const RogueContext&;
using namespace std::chrono_literals;

int outcome(long result) {
  return result >= 0 ? 0 : errno;
}

bool wait_until(int descriptor, short events) {
  pollfd entry{descriptor, events, 0};
  return poll(&entry, 1, 5000) == 1;
}

// Connects from inside to the listener outside: for egress and the control.
int connect_out(Context context) {
  auto client = create_tcp(context.listening.address);
  if (!client) return client.error().code.value();
  const auto started = start_connect(client->get(), context.listening);
  if (!started) return started.error().code.value();
  if (!wait_until(client->get(), POLLOUT)) return ETIMEDOUT;
  return socket_error(client->get()).value();
}

int udp_round_trip(Context context) {
  auto server = create_udp(context.listening.address);
  auto client = create_udp(context.listening.address);
  if (!server || !client || !bind_socket(server->get(), *wire::Endpoint::parse("127.0.0.1:0")))
    return errno;
  const auto at = local_endpoint(server->get());
  if (!at || !start_connect(client->get(), *at)) return errno;
  if (write(client->get(), "q", 1) != 1 || !wait_until(server->get(), POLLIN)) return errno;
  sockaddr_storage from{};
  socklen_t length = sizeof(from);
  char byte = 0;
  auto* peer = reinterpret_cast<sockaddr*>(&from);
  if (recvfrom(server->get(), &byte, 1, 0, peer, &length) != 1) return errno;
  if (sendto(server->get(), "a", 1, 0, peer, length) != 1) return errno;
  return wait_until(client->get(), POLLIN) && read(client->get(), &byte, 1) == 1 ? 0 : errno;
}

int read_resolver_files(Context) {
  for (const char* path : {"/etc/hosts", "/dev/urandom"}) {
    const UniqueFd file(open(path, O_RDONLY | O_CLOEXEC));
    char byte = 0;
    if (!file || read(file.get(), &byte, 1) != 1) return errno;
  }
  return 0;
}

// What the client sent goes through a pipe back to it, without entering user space.
int relay(int socket) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return errno;
  if (fcntl(ends[1], F_SETPIPE_SZ, 65536) < 0) return errno;
  constexpr unsigned flags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;
  const ssize_t in = splice(socket, nullptr, ends[1], nullptr, 65536, flags);
  if (in <= 0) return errno;
  const ssize_t out =
      splice(ends[0], nullptr, socket, nullptr, static_cast<std::size_t>(in), flags);
  return out == in ? 0 : errno;
}

int accept_and_relay(Context context) {
  auto accepted = accept_tcp(context.listener.get());
  if (!accepted) return accepted.error().code.value();
  const int socket = accepted->socket.get();
  if (!set_no_delay(socket, true) || !set_keepalive(socket, 60s, 10s, 3)) return errno;
  int waiting = 0;
  if (!wait_until(socket, POLLIN) || ioctl(socket, FIONREAD, &waiting) != 0 || waiting != 5)
    return EIO;
  if (const int failure = relay(socket); failure != 0) return failure;
  if (send(socket, "!", 1, MSG_NOSIGNAL) != 1 || ioctl(socket, SIOCOUTQ, &waiting) != 0)
    return errno;
  tcp_info info{};
  socklen_t length = sizeof(info);
  if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return errno;
  if (!shutdown_write(socket) || !wait_until(context.client.get(), POLLIN | POLLRDHUP)) return EIO;
  char echo[16] = {};
  const ssize_t got = recv(context.client.get(), echo, sizeof(echo), MSG_WAITALL);
  return got == 6 && std::memcmp(echo, "hello!", 6) == 0 ? 0 : EIO;
}

int wait_for_events(Context context) {
  const UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
  const UniqueFd event(eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK));
  const UniqueFd timer(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!epoll || !event || !timer) return errno;
  const itimerspec soon{{0, 0}, {0, 1}};
  if (timerfd_settime(timer.get(), 0, &soon, nullptr) != 0) return errno;
  epoll_event interest{};
  interest.events = EPOLLIN;
  for (const int descriptor : {event.get(), timer.get(), context.listener.get()}) {
    if (epoll_ctl(epoll.get(), EPOLL_CTL_ADD, descriptor, &interest) != 0) return errno;
  }
  epoll_event ready{};
  return epoll_wait(epoll.get(), &ready, 1, 1000) == 1 ? 0 : errno;
}

int pass_over_channel(Context context) {
  const std::vector<std::uint8_t> bytes = {1, 2};
  const int passed[] = {context.udp.get()};
  if (send_message(context.channel.get(), bytes, passed).status != SendStatus::sent) return EIO;
  std::vector<std::uint8_t> buffer(16);
  std::vector<UniqueFd> received;
  const auto got = receive_message(context.channel_peer.get(), buffer, received);
  if (got.status != ReceiveStatus::received || received.size() != 1) return EIO;
  // And plain messages on any message socket, such as a channel that came later.
  const auto plain = send_message(context.stranger.get(), bytes);
  return plain.status == SendStatus::sent ? 0 : plain.error;
}

// What the vault does: take a descriptor in, put it away, and pass it on.
int hold_and_pass_on(Context context) {
  const std::vector<std::uint8_t> bytes = {1};
  const int passed[] = {context.udp.get()};
  std::vector<std::uint8_t> buffer(16);
  std::vector<UniqueFd> received;
  if (send_message(context.channel.get(), bytes, passed).status != SendStatus::sent) return EIO;
  receive_message(context.channel_peer.get(), buffer, received);
  if (received.size() != 1) return EIO;
  const UniqueFd put_away = duplicate_from(received.front().get(), first_held_number);
  received.clear();
  const int held[] = {put_away.get()};
  return send_message(context.channel.get(), bytes, held).status == SendStatus::sent ? 0 : EIO;
}

int read_sealed(Context context) {
  const auto text = read_sealed_memory(context.sealed.get(), 100);
  if (!text) return text.error().code.value();
  return *text == "config" ? 0 : EIO;
}

int live(Context) {
  const auto large = std::make_unique<std::vector<char>>(std::size_t{8} << 20, 'x');  // by mmap
  auto* grown = static_cast<char*>(std::malloc(1 << 20));
  if (grown == nullptr) return errno;
  grown = static_cast<char*>(std::realloc(grown, 16 << 20));
  std::free(grown);
  timespec now{};
  const timespec moment{0, 1000};
  nanosleep(&moment, nullptr);
  rusage usage{};
  rlimit limit{};
  if (getrlimit(RLIMIT_NPROC, &limit) != 0 || getrusage(RUSAGE_SELF, &usage) != 0) return errno;
  const UniqueFd copy(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 100));
  return copy && large->back() == 'x' ? outcome(clock_gettime(CLOCK_REALTIME, &now)) : errno;
}

// What SQLite does in the directory that is its own.
int keep_database(Context) {
  const UniqueFd file(open("database", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file || ftruncate(file.get(), 32768) != 0) return errno;
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_len = 1;
  if (fcntl(file.get(), F_SETLK, &lock) != 0 || pwrite(file.get(), "x", 1, 0) != 1) return errno;
  void* memory = mmap(nullptr, 32768, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (memory == MAP_FAILED || fsync(file.get()) != 0) return errno;
  munmap(memory, 32768);
  return outcome(unlink("database"));
}

int start_threads(Context) {
  int result = -1;
  std::thread thread([&result] {
    const int priority = setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), 10);
    result = priority == 0 ? 0 : errno;
  });
  thread.join();
  return result;
}

int ask_this_machine(Context context) {
  const std::string path = context.directory + "/readable";
  const UniqueFd client(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!client) return errno;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  // Nobody listens there: to have been asked is enough.
  const int connected =
      connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  return connected != 0 && errno == ECONNREFUSED ? 0 : errno;
}

// Libraries that look for files must be told no, not be killed.
int survive_refusals(Context) {
  for (const char* path : {"/etc/localtime", "/nonexistent"}) {
    if (access(path, R_OK) != 0 && errno != EACCES && errno != ENOENT && errno != EPERM)
      return errno;
  }
  char buffer[64];
  if (readlink("/proc/self/exe", buffer, sizeof(buffer)) < 0 && errno != EACCES) return errno;
  [[maybe_unused]] const bool terminal = isatty(STDOUT_FILENO) != 0;
  [[maybe_unused]] const char* directory = getcwd(buffer, sizeof(buffer));
  return 0;
}

constexpr NamedAttempt needs[] = {
    {"accept_and_relay", accept_and_relay},
    {"wait_for_events", wait_for_events},
    {"pass_over_channel", pass_over_channel},
    {"hold_and_pass_on", hold_and_pass_on},
    {"read_sealed", read_sealed},
    {"live", live},
    {"survive_refusals", survive_refusals},
    {"connect_out", connect_out},
    {"udp_round_trip", udp_round_trip},
    {"read_resolver_files", read_resolver_files},
    {"keep_database", keep_database},
    {"start_threads", start_threads},
    {"ask_this_machine", ask_this_machine},
};

}  // namespace

std::span<const NamedAttempt> rogue_needs() {
  return needs;
}

}  // namespace bulkhead::platform
