// Network sockets on loopback.
#include "platform/socket.h"

#include <cerrno>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bulkhead::platform {
namespace {

using namespace std::chrono_literals;

wire::Endpoint loopback(std::uint16_t port = 0) {
  return *wire::Endpoint::parse("127.0.0.1:" + std::to_string(port));
}

bool wait_until(int descriptor, short events) {
  pollfd entry{descriptor, events, 0};
  return poll(&entry, 1, 5000) == 1;
}

int option(int socket, int level, int name) {
  int value = -1;
  socklen_t length = sizeof(value);
  getsockopt(socket, level, name, &value, &length);
  return value;
}

struct Connection {
  UniqueFd client;
  UniqueFd server;
};

Connection connection() {
  const auto listener = listen_tcp(loopback());
  const auto at = local_endpoint(listener->get());
  Connection result{std::move(*create_tcp(at->address)), {}};
  EXPECT_TRUE(start_connect(result.client.get(), *at));
  EXPECT_TRUE(wait_until(listener->get(), POLLIN));
  auto accepted = accept_tcp(listener->get());
  EXPECT_TRUE(accepted);
  EXPECT_EQ(accepted->peer, local_endpoint(result.client.get()).value());
  EXPECT_EQ(peer_endpoint(result.client.get()).value(), *at);
  EXPECT_TRUE(wait_until(result.client.get(), POLLOUT));
  result.server = std::move(accepted->socket);
  return result;
}

TEST(Socket, connects_without_blocking) {
  const Connection pair = connection();
  EXPECT_FALSE(socket_error(pair.client.get()));
  for (const int descriptor : {pair.client.get(), pair.server.get()}) {
    EXPECT_NE(fcntl(descriptor, F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(fcntl(descriptor, F_GETFD) & FD_CLOEXEC, 0);
  }
}

TEST(Socket, accept_says_when_there_is_nothing) {
  const auto listener = listen_tcp(loopback());
  ASSERT_TRUE(listener);
  EXPECT_EQ(accept_tcp(listener->get()).error().code.value(), EAGAIN);
}

TEST(Socket, a_port_is_shared_only_when_asked) {
  const auto first = listen_tcp(loopback());
  ASSERT_TRUE(first);
  const auto at = *local_endpoint(first->get());
  EXPECT_TRUE(listen_tcp(at));
  ListenOptions alone;
  alone.reuse_port = false;
  const auto refused = listen_tcp(at, alone);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().to_string(), "bind: Address already in use");
}

TEST(Socket, ipv6_takes_ipv4_only_when_asked) {
  for (const bool dual_stack : {false, true}) {
    ListenOptions options;
    options.dual_stack = dual_stack;
    const auto listener = listen_tcp(*wire::Endpoint::parse("[::]:0"), options);
    if (!listener) GTEST_SKIP() << "no IPv6: " << listener.error().to_string();
    EXPECT_EQ(option(listener->get(), IPPROTO_IPV6, IPV6_V6ONLY), dual_stack ? 0 : 1);
    const auto client = create_tcp(loopback().address);
    const auto started =
        start_connect(client->get(), loopback(local_endpoint(listener->get())->port));
    if (!dual_stack) {
      wait_until(client->get(), POLLOUT);
      EXPECT_TRUE(!started || socket_error(client->get()));
      continue;
    }
    ASSERT_TRUE(wait_until(listener->get(), POLLIN));
    const auto accepted = accept_tcp(listener->get());
    ASSERT_TRUE(accepted);
    EXPECT_TRUE(accepted->peer.address.is_v4());
  }
}

TEST(Socket, tells_why_a_connect_failed) {
  wire::Endpoint at;
  {
    const auto bound = create_tcp(loopback().address);
    ASSERT_TRUE(bind_socket(bound->get(), loopback()));
    at = *local_endpoint(bound->get());
  }
  const auto client = create_tcp(at.address);
  const auto started = start_connect(client->get(), at);
  if (started) {
    ASSERT_TRUE(wait_until(client->get(), POLLOUT));
    EXPECT_EQ(socket_error(client->get()).value(), ECONNREFUSED);
  } else {
    EXPECT_EQ(started.error().code.value(), ECONNREFUSED);
  }
}

TEST(Socket, half_close_keeps_the_other_direction) {
  const Connection pair = connection();
  ASSERT_TRUE(shutdown_write(pair.client.get()));
  ASSERT_TRUE(wait_until(pair.server.get(), POLLIN));
  char byte = 0;
  EXPECT_EQ(read(pair.server.get(), &byte, 1), 0);
  EXPECT_EQ(write(pair.server.get(), "z", 1), 1);
  ASSERT_TRUE(wait_until(pair.client.get(), POLLIN));
  EXPECT_EQ(read(pair.client.get(), &byte, 1), 1);
  EXPECT_EQ(shutdown_write(create_tcp(loopback().address)->get()).error().code.value(), ENOTCONN);
}

TEST(Socket, sets_what_it_says) {
  Connection pair = connection();
  const int client = pair.client.get();
  ASSERT_TRUE(set_no_delay(client, true));
  EXPECT_EQ(option(client, IPPROTO_TCP, TCP_NODELAY), 1);
  ASSERT_TRUE(set_no_delay(client, false));
  EXPECT_EQ(option(client, IPPROTO_TCP, TCP_NODELAY), 0);
  ASSERT_TRUE(set_keepalive(client, 60s, 10s, 3));
  EXPECT_EQ(option(client, SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(option(client, IPPROTO_TCP, TCP_KEEPIDLE), 60);
  EXPECT_EQ(option(client, IPPROTO_TCP, TCP_KEEPINTVL), 10);
  EXPECT_EQ(option(client, IPPROTO_TCP, TCP_KEEPCNT), 3);
  ASSERT_TRUE(clear_keepalive(client));
  EXPECT_EQ(option(client, SOL_SOCKET, SO_KEEPALIVE), 0);
  ASSERT_TRUE(set_reset_on_close(client));
  pair.client.reset();
  ASSERT_TRUE(wait_until(pair.server.get(), POLLIN));
  EXPECT_EQ(socket_error(pair.server.get()).value(), ECONNRESET);
}

TEST(Socket, accepted_ones_inherit_the_options_of_the_listener) {
  const auto listener = listen_tcp(loopback());
  ASSERT_TRUE(listener);
  ASSERT_TRUE(set_no_delay(listener->get(), true));
  ASSERT_TRUE(set_keepalive(listener->get(), 60s, 10s, 3));
  const auto client = create_tcp(loopback().address);
  ASSERT_TRUE(start_connect(client->get(), *local_endpoint(listener->get())));
  ASSERT_TRUE(wait_until(listener->get(), POLLIN));
  const auto accepted = accept_tcp(listener->get());
  ASSERT_TRUE(accepted);
  const int socket = accepted->socket.get();
  EXPECT_EQ(option(socket, IPPROTO_TCP, TCP_NODELAY), 1);
  EXPECT_EQ(option(socket, SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(option(socket, IPPROTO_TCP, TCP_KEEPIDLE), 60);
  EXPECT_EQ(option(socket, IPPROTO_TCP, TCP_KEEPINTVL), 10);
  EXPECT_EQ(option(socket, IPPROTO_TCP, TCP_KEEPCNT), 3);
}

TEST(Socket, udp_connects_at_once) {
  const auto server = create_udp(loopback().address);
  ASSERT_TRUE(bind_socket(server->get(), loopback()));
  const auto client = create_udp(loopback().address);
  EXPECT_EQ(start_connect(client->get(), *local_endpoint(server->get())).value(),
            ConnectStart::connected);
  EXPECT_EQ(write(client->get(), "q", 1), 1);
  EXPECT_TRUE(wait_until(server->get(), POLLIN));
}

TEST(DescribeListener, SaysWhereItListens) {
  const auto socket = listen_tcp({wire::IpAddress::v4(0x7f000001), 0});
  ASSERT_TRUE(socket);
  const auto listening = describe_listener(socket->get());
  ASSERT_TRUE(listening);
  EXPECT_EQ(listening->local.to_string(), local_endpoint(socket->get())->to_string());
  EXPECT_FALSE(listening->dual_stack);
}

TEST(DescribeListener, IsNotTakenInByOthers) {
  const auto unbound = create_tcp(wire::IpAddress::v4(0x7f000001));
  EXPECT_FALSE(describe_listener(unbound->get())) << "it does not listen";
  const auto datagrams = create_udp(wire::IpAddress::v4(0x7f000001));
  EXPECT_FALSE(describe_listener(datagrams->get()));
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  const UniqueFd ends[2] = {UniqueFd(pair[0]), UniqueFd(pair[1])};
  EXPECT_FALSE(describe_listener(pair[0]));
  EXPECT_FALSE(describe_listener(-1));
}

}  // namespace
}  // namespace bulkhead::platform
