#include "workers/egress/udp_client.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "egress/testing.h"
#include "platform/descriptor.h"

namespace bulkhead::egress_worker {
namespace {

using egress::testing::ip;
using proto::Refusal;

// A client's TCP connection as a proxy has it: accepted on 127.0.0.1, from 127.0.0.3.
struct ClientConnection {
  ClientConnection() {
    client = std::move(*platform::create_tcp(listener.endpoint.address));
    EXPECT_TRUE(platform::bind_socket(client.get(), {ip("127.0.0.3"), 0}));
    EXPECT_TRUE(platform::start_connect(client.get(), listener.endpoint));
    auto accepted = platform::accept_tcp(listener.socket.get());
    EXPECT_TRUE(accepted);
    server = std::move(accepted->socket);
  }
  egress::testing::TestListener listener;
  platform::UniqueFd client, server;
};

platform::UniqueFd bound_udp(const char* address) {
  auto socket = platform::create_udp(ip(address));
  EXPECT_TRUE(platform::bind_socket(socket->get(), {ip(address), 0}));
  return std::move(*socket);
}

class UdpClientTest : public ::testing::Test {
 protected:
  void expect_denied(int connection, platform::UniqueFd socket, const wire::Endpoint& source) {
    const auto outcome = pin_udp_client(connection, std::move(socket), source, listeners_);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().reason, Refusal::client_denied);
  }
  ClientConnection tcp_;
  const std::vector<wire::Endpoint> listeners_{tcp_.listener.endpoint};
  const wire::Endpoint source_{ip("127.0.0.3"), 4000};
};

// A connection that this process made for the acceptor, or accepted for SOCKS BIND, is connected
// just as well.
TEST_F(UdpClientTest, IsNotForConnectionsThatDidNotComeInOnAListener) {
  EXPECT_EQ(open_udp_client(tcp_.client.get(), listeners_).error().reason, Refusal::client_denied);
  EXPECT_EQ(open_udp_client(tcp_.server.get(), {}).error().reason, Refusal::client_denied);
  const std::vector<wire::Endpoint> wildcard{{ip("0.0.0.0"), tcp_.listener.endpoint.port}};
  EXPECT_TRUE(open_udp_client(tcp_.server.get(), wildcard));
}

TEST_F(UdpClientTest, AdmitsPeersThatThePolicyAllows) {
  const egress::DestinationPolicy closed({}, {});
  const auto refused = admit_peer(platform::duplicate(tcp_.server.get()), closed);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Refusal::destination_denied);
  config::Destinations opened;
  opened.allow = {*wire::Cidr::parse("127.0.0.0/8")};
  EXPECT_TRUE(
      admit_peer(platform::duplicate(tcp_.server.get()), egress::DestinationPolicy(opened, {})));
}

TEST_F(UdpClientTest, OpensOnTheAddressTheClientCameInOn) {
  const auto opened = open_udp_client(tcp_.server.get(), listeners_);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->local.address, ip("127.0.0.1"));
  EXPECT_NE(opened->local.port, 0);
  EXPECT_EQ(opened->remote.address, ip("127.0.0.3"));
  EXPECT_FALSE(platform::peer_endpoint(opened->socket.get()));
}

TEST_F(UdpClientTest, OpensForConnectionsOnly) {
  EXPECT_EQ(open_udp_client(tcp_.listener.socket.get(), listeners_).error().reason,
            Refusal::client_denied);
  EXPECT_EQ(open_udp_client(bound_udp("127.0.0.1").get(), listeners_).error().reason,
            Refusal::client_denied);
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  const platform::UniqueFd left(pair[0]), right(pair[1]);
  EXPECT_EQ(open_udp_client(left.get(), listeners_).error().reason, Refusal::client_denied);
}

TEST_F(UdpClientTest, PinsToTheClient) {
  auto opened = open_udp_client(tcp_.server.get(), listeners_);
  ASSERT_TRUE(opened);
  const auto pinned =
      pin_udp_client(tcp_.server.get(), std::move(opened->socket), source_, listeners_);
  ASSERT_TRUE(pinned) << pinned.error().detail;
  EXPECT_EQ(*platform::peer_endpoint(pinned->socket.get()), source_);
}

TEST_F(UdpClientTest, RefusesAnotherSource) {
  expect_denied(tcp_.server.get(), bound_udp("127.0.0.1"), {ip("127.0.0.4"), 4000});
  expect_denied(tcp_.server.get(), bound_udp("127.0.0.1"), {ip("127.0.0.3"), 0});
}

TEST_F(UdpClientTest, RefusesASocketThatIsNotTheClients) {
  expect_denied(tcp_.server.get(), bound_udp("127.0.0.2"), source_);
  expect_denied(tcp_.server.get(), std::move(*platform::create_udp(ip("127.0.0.1"))), source_);
  expect_denied(tcp_.server.get(), std::move(*platform::create_tcp(ip("127.0.0.1"))), source_);
  auto connected = bound_udp("127.0.0.1");
  ASSERT_TRUE(platform::start_connect(connected.get(), {ip("127.0.0.9"), 53}));
  expect_denied(tcp_.server.get(), std::move(connected), source_);
}

TEST_F(UdpClientTest, RefusesWithoutAConnection) {
  expect_denied(tcp_.listener.socket.get(), bound_udp("127.0.0.1"), source_);
}

}  // namespace
}  // namespace bulkhead::egress_worker
