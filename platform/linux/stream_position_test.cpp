// Positions told by the kernel beside our own count, over random sends, receives, splices and ends.
#include "platform/stream_position.h"

#include <array>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <random>
#include <sys/socket.h>
#include <unistd.h>

#include "platform/socket.h"

namespace bulkhead::platform {
namespace {

struct Connection {
  UniqueFd client, server;
};

Connection connect_pair() {
  auto listener = listen_tcp(*wire::Endpoint::parse("127.0.0.1:0"));
  const auto at = local_endpoint(listener->get());
  auto client = create_tcp(at->address);
  EXPECT_TRUE(start_connect(client->get(), *at));
  pollfd incoming{listener->get(), POLLIN, 0};
  EXPECT_EQ(poll(&incoming, 1, 5000), 1);
  auto accepted = accept_tcp(listener->get());
  EXPECT_TRUE(accepted);
  return {std::move(*client), std::move(accepted->socket)};
}

void await(int descriptor, short events) {
  pollfd entry{descriptor, events, 0};
  EXPECT_EQ(poll(&entry, 1, 5000), 1);
}

// One socket, and how far we know it to have come.
struct Counted {
  explicit Counted(int socket) : fd(socket) {
    consumed_base = consumed_position(fd)->bytes;
    enqueued_base = enqueued_position(fd)->bytes;
  }
  void check(const char* after) const {
    const auto in = consumed_position(fd);
    const auto out = enqueued_position(fd);
    ASSERT_TRUE(in && out) << after;
    ASSERT_EQ(in->bytes - consumed_base, consumed) << after;
    ASSERT_EQ(out->bytes - enqueued_base, enqueued) << after;
  }

  int fd;
  std::uint64_t consumed_base, enqueued_base;
  std::uint64_t consumed = 0, enqueued = 0;
};

class Exercise {
 public:
  explicit Exercise(unsigned seed) : random_(seed) {
    EXPECT_EQ(pipe2(pipe_.data(), O_NONBLOCK | O_CLOEXEC), 0);
  }
  ~Exercise() {
    close(pipe_[0]);
    close(pipe_[1]);
  }

  void step(Counted& side) {
    switch (random_() % 4) {
      case 0:
        return add(side.enqueued, send(side.fd, buffer_.data(), size(), MSG_NOSIGNAL));
      case 1:
        return add(side.consumed, recv(side.fd, buffer_.data(), size(), 0));
      case 2:
        return add(side.consumed, splice(side.fd, nullptr, pipe_[1], nullptr, size(), flags));
      default:
        return add(side.enqueued, splice(pipe_[0], nullptr, side.fd, nullptr, size(), flags));
    }
  }

 private:
  static constexpr unsigned flags = SPLICE_F_NONBLOCK | SPLICE_F_MOVE;
  std::size_t size() { return 1 + random_() % (random_() % 3 == 0 ? 100'000 : 700); }
  static void add(std::uint64_t& count, ssize_t bytes) {
    if (bytes > 0) count += static_cast<std::uint64_t>(bytes);
  }

  std::mt19937 random_;
  std::array<char, 100'000> buffer_{};
  std::array<int, 2> pipe_{-1, -1};
};

TEST(StreamPosition, IsExactWhateverHappensToTheStream) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    const Connection connection = connect_pair();
    Exercise exercise(seed);
    Counted client(connection.client.get()), server(connection.server.get());
    for (int i = 0; i < 500; ++i) {
      exercise.step(i % 2 == 0 ? client : server);
      client.check("a step");
      server.check("a step");
      if (HasFatalFailure()) return;
    }
  }
}

// Reads to the end; true when the end came in order.
bool drain(Counted& side) {
  std::array<char, 4096> buffer{};
  while (true) {
    await(side.fd, POLLIN);
    const ssize_t got = recv(side.fd, buffer.data(), buffer.size(), 0);
    if (got <= 0) return got == 0;
    side.consumed += static_cast<std::uint64_t>(got);
    side.check("reading on");
  }
}

void say(Counted& side) {
  side.enqueued += static_cast<std::uint64_t>(send(side.fd, "hello", 5, MSG_NOSIGNAL));
}

TEST(StreamPosition, DoesNotCountTheEnds) {
  const Connection connection = connect_pair();
  Counted client(connection.client.get()), server(connection.server.get());
  say(client);
  say(server);
  ASSERT_TRUE(shutdown_write(client.fd));
  client.check("a half-close of its own");
  await(server.fd, POLLRDHUP);
  server.check("a half-close of the peer, unread");
  EXPECT_TRUE(drain(server));
  server.check("the end was read");
  EXPECT_TRUE(consumed_position(server.fd)->ended);
  EXPECT_FALSE(enqueued_position(server.fd)->ended);
  say(server);
  server.check("sending on");
  ASSERT_TRUE(shutdown_write(server.fd));
  // The client has bytes and an end to read, and its connection is closed already.
  await(client.fd, POLLHUP);
  client.check("closed and unread");
  EXPECT_TRUE(consumed_position(client.fd)->closed);
  EXPECT_TRUE(drain(client));
  client.check("closed and read");
  await(server.fd, POLLHUP);
  server.check("closed last");
  EXPECT_TRUE(enqueued_position(server.fd)->closed);
}

TEST(StreamPosition, IsSharedByAllWhoHoldTheSocket) {
  const Connection connection = connect_pair();
  Counted client(connection.client.get());
  const UniqueFd other(fcntl(client.fd, F_DUPFD_CLOEXEC, 0));
  say(client);
  const Counted same(other.get());
  EXPECT_EQ(enqueued_position(other.get())->bytes - client.enqueued_base, 5U);
}

TEST(StreamPosition, OfSomethingElseIsUnknown) {
  const auto listener = listen_tcp(*wire::Endpoint::parse("127.0.0.1:0"));
  const auto udp = create_udp(wire::Endpoint::parse("127.0.0.1:0")->address);
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd out(ends[0]), in(ends[1]);
  for (const int descriptor : {listener->get(), udp->get(), out.get(), -1}) {
    EXPECT_FALSE(consumed_position(descriptor));
    EXPECT_FALSE(enqueued_position(descriptor));
  }
  ASSERT_EQ(write(in.get(), "four", 4), 4);
  EXPECT_EQ(bytes_in_pipe(out.get()), 4U);
  EXPECT_FALSE(bytes_in_pipe(-1));
}

}  // namespace
}  // namespace bulkhead::platform
