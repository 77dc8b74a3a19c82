// A relay that is killed again and again, at random instructions, and continued by another process
// each time. What is sent on one side must come out on the other, byte for byte.
//
// The test holds second descriptors of the sockets and pipes, as the vault does, and the shared
// memory, as the supervisor does. The relay is a process of its own. Half of the kills come after a
// random time; the other half where torn state would hide: the test traces the relay to a random
// system call, single-steps it for a random number of instructions and ends it there.
#include <array>
#include <csignal>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <random>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platform/shared_memory.h"
#include "platform/socket.h"
#include "runtime/flow_recovery.h"
#include "runtime/raw_relay.h"

namespace bulkhead::runtime {
namespace {

using platform::SharedMapping;
using platform::UniqueFd;
using Access = SharedMapping::Access;

#ifdef BULKHEAD_SANITIZED
constexpr int rounds = 60;
#else
constexpr int rounds = 1000;
#endif
constexpr int rounds_a_connection = 25;
constexpr std::size_t page_size = 4096;
constexpr int pipes = 3;

// The byte at a position of a stream: neighbouring positions and blocks differ.
std::byte byte_at(std::uint64_t position) {
  return static_cast<std::byte>((position * 0x9E3779B97F4A7C15ULL) >> 56);
}

UniqueFd duplicate(const UniqueFd& descriptor) {
  return UniqueFd(fcntl(descriptor.get(), F_DUPFD_CLOEXEC, 0));
}

// One end of a connection that the relay carries: sends its stream, checks the other one's.
class Peer {
 public:
  Peer(UniqueFd socket, std::mt19937& random) : socket_(std::move(socket)), random_(random) {}

  void send_some() {
    std::array<std::byte, 60'000> bytes;
    const std::size_t size = 1 + random_() % (random_() % 2 == 0 ? 500 : bytes.size());
    for (std::size_t i = 0; i < size; ++i) bytes[i] = byte_at(sent_ + i);
    const ssize_t put = send(socket_.get(), bytes.data(), size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (put > 0) sent_ += static_cast<std::uint64_t>(put);
  }
  void receive_some() {
    std::array<std::byte, 50'000> bytes;
    const std::size_t size = 1 + random_() % bytes.size();
    const ssize_t got = recv(socket_.get(), bytes.data(), size, MSG_DONTWAIT);
    if (got == 0) ended_ = true;
    for (ssize_t i = 0; i < got; ++i, ++received_) {
      if (bytes[static_cast<std::size_t>(i)] != byte_at(received_)) ++wrong_;
    }
  }
  void end() { EXPECT_TRUE(platform::shutdown_write(socket_.get())); }
  std::uint64_t sent() const { return sent_; }
  std::uint64_t received() const { return received_; }
  std::uint64_t wrong() const { return wrong_; }
  bool ended() const { return ended_; }

 private:
  UniqueFd socket_;
  std::mt19937& random_;
  std::uint64_t sent_ = 0, received_ = 0, wrong_ = 0;
  bool ended_ = false;
};

struct Places {
  FlowPlace up, down;
};

// What one incarnation of the relay writes, and what of it is left.
struct Incarnation {
  Incarnation()
      : place_memory(*platform::create_shared_memory("places", page_size)),
        copy_memory(*platform::create_shared_memory("copies", CopyMemory::size)),
        places(*SharedMapping::map(place_memory.get(), page_size, Access::read_write)) {}
  CopyMemory::Remains remains() const {
    return CopyMemory::Remains(
        *SharedMapping::map(copy_memory.get(), CopyMemory::size, Access::read_only));
  }
  UniqueFd place_memory, copy_memory;
  SharedMapping places;
};

// Where a direction is to be taken up.
struct Start {
  FoundPlace place;
  std::uint64_t moved = 0;
  std::vector<std::byte> bytes;
  std::uint64_t pipe = 0, in_pipe = 0;
};

class Connection {
 public:
  explicit Connection(std::mt19937& random) : random_(random) {
    auto [near, far] = connect_pair();
    client.emplace(std::move(near), random);
    front_ = std::move(far);
    std::tie(near, far) = connect_pair();
    back_ = std::move(near);
    origin.emplace(std::move(far), random);
    for (auto& pipe : pipes_) {
      int ends[2];
      EXPECT_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
      fcntl(ends[1], F_SETPIPE_SZ, PipePool::pipe_bytes);
      pipe.read_end.reset(ends[0]);
      pipe.write_end.reset(ends[1]);
    }
    up.place.tag = 2;
    down.place.tag = 3;
    note(up, front_, back_);
    note(down, back_, front_);
  }

  // In a process of its own: relays until it is killed or both sides have ended.
  [[noreturn]] void relay(const Incarnation& incarnation, bool traced) {
    auto copies =
        SharedMapping::map(incarnation.copy_memory.get(), CopyMemory::size, Access::read_write);
    CopyMemory::current().use(std::move(*copies));
    Loop loop;
    SocketStream front(duplicate(front_)), back(duplicate(back_));
    auto places = SharedMapping::map(incarnation.place_memory.get(), page_size, Access::read_write);
    auto& place = places->as<Places>();
    RawFlow upward = take_up(up, place.up, front, back);
    RawFlow downward = take_up(down, place.down, back, front);
    for (int i = 0; i < pipes; ++i) {
      if (used(i)) continue;
      PipePool::current().adopt(borrowed(i), 0);  // given back at once
    }
    class Child final : public RawRelay {
     public:
      using RawRelay::RawRelay;
      void ended() override { Loop::current().stop(); }
    } relay(std::move(upward), std::move(downward), {});
    if (traced) ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    raise(SIGSTOP);
    if (relay.start(nullptr)) loop.run();
    _exit(static_cast<int>(relay.end()));
  }

  // After its end.
  void recover(const Incarnation& incarnation) {
    const auto& places = const_cast<SharedMapping&>(incarnation.places).as<Places>();
    const CopyMemory::Remains remains = incarnation.remains();
    recover(up, FoundPlace::of(places.up), front_, back_, remains);
    recover(down, FoundPlace::of(places.down), back_, front_, remains);
  }

  // The relay leaves the last end to closing, so whoever holds the sockets must close them.
  void let_go() {
    front_.reset();
    back_.reset();
  }

  // What the peers do while the relay lives.
  void pump() {
    if (random_() % 3 != 0) client->send_some();
    if (random_() % 3 != 0) origin->send_some();
    receive();
  }
  void receive() {
    if (random_() % 3 != 0) client->receive_some();
    if (random_() % 3 != 0) origin->receive_some();
  }

  std::optional<Peer> client, origin;
  Start up, down;

 private:
  // Small buffers, so that receivers often do not take all.
  static std::pair<UniqueFd, UniqueFd> connect_pair() {
    auto listener = platform::listen_tcp(*wire::Endpoint::parse("127.0.0.1:0"));
    const int small = 20'000;
    setsockopt(listener->get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    setsockopt(listener->get(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    const auto at = platform::local_endpoint(listener->get());
    auto near = platform::create_tcp(at->address);
    setsockopt(near->get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    EXPECT_TRUE(platform::start_connect(near->get(), *at));
    pollfd incoming{listener->get(), POLLIN, 0};
    EXPECT_EQ(poll(&incoming, 1, 5000), 1);
    auto far = platform::accept_tcp(listener->get());
    platform::set_no_delay(near->get(), true);
    platform::set_no_delay(far->socket.get(), true);
    return {std::move(*near), std::move(far->socket)};
  }

  static void note(Start& start, const UniqueFd& from, const UniqueFd& to) {
    FlowPlace place;
    EXPECT_TRUE(note_positions(place, from.get(), to.get(), 0, 0));
    start.place.consumed_base = place.consumed_base;
    start.place.enqueued_base = place.enqueued_base;
  }

  bool used(int pipe) const {
    const auto id = static_cast<std::uint64_t>(pipe) + 1;
    return (up.in_pipe != 0 && up.pipe == id) || (down.in_pipe != 0 && down.pipe == id);
  }
  Pipe borrowed(int pipe) {
    auto& held = pipes_[static_cast<std::size_t>(pipe)];
    return {duplicate(held.read_end), duplicate(held.write_end),
            static_cast<std::uint64_t>(pipe) + 1};
  }

  RawFlow take_up(const Start& start, FlowPlace& place, Stream& from, Stream& to) {
    place.tag = start.place.tag;
    place.consumed_base = start.place.consumed_base;
    place.enqueued_base = start.place.enqueued_base;
    place.moved = start.moved;
    RawFlow flow(from, to, place, static_cast<RelayMode>(random_() % 3));
    flow.hold(start.bytes);
    if (start.in_pipe != 0) {
      const int pipe = static_cast<int>(start.pipe) - 1;
      flow.hold(PipePool::current().adopt(borrowed(pipe), start.in_pipe));
    }
    return flow;
  }

  void recover(Start& start, const FoundPlace& place, const UniqueFd& from, const UniqueFd& to,
               const CopyMemory::Remains& remains) {
    const bool named = place.pipe >= 1 && place.pipe <= pipes;
    const int pipe = named ? pipes_[static_cast<std::size_t>(place.pipe) - 1].read_end.get() : -1;
    const Recovery found = runtime::recover(place, from.get(), to.get(), pipe, remains);
    ASSERT_EQ(found.verdict, Recovery::Verdict::whole)
        << "tag " << place.tag << " pipe " << place.pipe << " block " << place.block;
    ASSERT_GE(found.moved, start.moved);
    start.moved = found.moved;
    start.bytes.assign(found.bytes.begin(), found.bytes.end());
    start.in_pipe = found.in_pipe;
    start.pipe = place.pipe;
  }

  std::mt19937& random_;
  UniqueFd front_, back_;
  std::array<Pipe, pipes> pipes_;
};

class KilledRelay : public testing::Test {
 protected:
  KilledRelay() {
    sigemptyset(&child_signal_);
    sigaddset(&child_signal_, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child_signal_, nullptr);
  }
  ~KilledRelay() override { sigprocmask(SIG_UNBLOCK, &child_signal_, nullptr); }

  // Waits for the child to stop or end, and lets the peers go on when that takes a while.
  int await(pid_t child, Connection& connection) {
    constexpr timespec a_while{0, 300'000};
    int status = 0;
    while (waitpid(child, &status, WNOHANG | WUNTRACED) == 0) {
      if (sigtimedwait(&child_signal_, nullptr, &a_while) < 0) connection.pump();
    }
    return status;
  }

  pid_t start(Connection& connection, const Incarnation& incarnation, bool traced) {
    const pid_t child = fork();
    if (child == 0) connection.relay(incarnation, traced);
    EXPECT_TRUE(WIFSTOPPED(await(child, connection)));
    return child;
  }

  static void kill_and_reap(pid_t child) {
    kill(child, SIGKILL);
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
  }

  void kill_after_a_while(pid_t child, Connection& connection) {
    connection.pump();
    kill(child, SIGCONT);
    const unsigned pumps = 1 + random_() % 40;
    for (unsigned i = 0; i < pumps; ++i) connection.pump();
    kill_and_reap(child);
  }

  // True at the end of a system call that did something: moved bytes, most likely.
  static bool has_moved(pid_t child) {
    __ptrace_syscall_info call{};
    ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof call, &call);
    return call.op == PTRACE_SYSCALL_INFO_EXIT && call.exit.rval > 0;
  }

  // To a random system call's beginning or end, and some instructions on.
  void kill_at_an_instruction(pid_t child, Connection& connection) {
    connection.pump();
    const unsigned calls = 1 + random_() % 40;
    const bool any = random_() % 4 == 0;
    for (unsigned i = 0; i < calls || (i < 2 * calls && !any && !has_moved(child)); ++i) {
      ptrace(PTRACE_SYSCALL, child, nullptr, nullptr);
      if (!WIFSTOPPED(await(child, connection))) return;  // it had come to its end
    }
    const unsigned instructions = random_() % (random_() % 2 == 0 ? 30 : 300);
    for (unsigned i = 0; i < instructions; ++i) {
      ptrace(PTRACE_SINGLESTEP, child, nullptr, nullptr);
      if (!WIFSTOPPED(await(child, connection))) return;
    }
    kill_and_reap(child);
  }

  void round(Connection& connection) {
    const Incarnation incarnation;
    const bool traced = random_() % 2 == 0;
    const pid_t child = start(connection, incarnation, traced);
    if (traced) {
      kill_at_an_instruction(child, connection);
    } else {
      kill_after_a_while(child, connection);
    }
    connection.recover(incarnation);
  }

  // One relay that is left alone until both ends have come through.
  void finish(Connection& connection) {
    const Incarnation incarnation;
    const pid_t child = start(connection, incarnation, false);
    kill(child, SIGCONT);
    int status = 0;
    while (waitpid(child, &status, WNOHANG) == 0) connection.receive();
    connection.let_go();
    while (!connection.client->ended() || !connection.origin->ended()) connection.receive();
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(static_cast<RelayEnd>(WEXITSTATUS(status)), RelayEnd::closed);
  }

  static void expect_whole(const Connection& connection) {
    EXPECT_EQ(connection.origin->received(), connection.client->sent());
    EXPECT_EQ(connection.client->received(), connection.origin->sent());
    EXPECT_EQ(connection.origin->wrong(), 0U);
    EXPECT_EQ(connection.client->wrong(), 0U);
  }

  std::mt19937 random_{std::random_device{}()};
  sigset_t child_signal_{};
};

TEST_F(KilledRelay, LosesAndDoublesNothing) {
  std::uint64_t carried = 0;
  for (int done = 0; done < rounds && !HasFailure(); done += rounds_a_connection) {
    Connection connection(random_);
    for (int i = 0; i < rounds_a_connection && !HasFatalFailure(); ++i) round(connection);
    connection.client->end();
    // The other way goes on after the first end.
    for (int i = 0; i < 3 && !HasFatalFailure(); ++i) round(connection);
    connection.origin->end();
    finish(connection);
    expect_whole(connection);
    carried += connection.client->sent() + connection.origin->sent();
  }
  RecordProperty("bytes", std::to_string(carried));
}

}  // namespace
}  // namespace bulkhead::runtime
