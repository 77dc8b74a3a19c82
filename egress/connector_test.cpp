#include "egress/connector.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "egress/dns_server_for_test.h"

namespace bulkhead::egress {
namespace {

using namespace std::chrono_literals;
using testing::ip;
using Outcome = Connector::Outcome;
using proto::Refusal;

class ConnectorTest : public ::testing::Test {
 protected:
  ConnectorTest() {
    dns_.servers = {server_.endpoint()};
    dns_.hosts_file = "";
    dns_.timeout = 400ms;
  }
  Connector& connector() {
    if (!connector_) {
      resolver_.emplace(dns_, config::Ipv6());
      policy_.emplace(destinations_, own_listeners_);
      connector_.emplace(*resolver_, *policy_);
    }
    return *connector_;
  }
  void allow(const char* block) { destinations_.allow.push_back(*wire::Cidr::parse(block)); }
  void deny(const char* block) { destinations_.deny.push_back(*wire::Cidr::parse(block)); }
  Outcome open(const std::string& host, std::uint16_t port) {
    return testing::run(loop_, connector().open_tcp({host, port}, loop_.after(5s)));
  }
  Refusal refusal(const std::string& host, std::uint16_t port) {
    const Outcome outcome = open(host, port);
    EXPECT_FALSE(outcome);
    return outcome ? Refusal::internal_error : outcome.error().reason;
  }
  bool was_connected_to(const testing::TestListener& listener) {
    return platform::accept_tcp(listener.socket.get()).has_value();
  }

  runtime::Loop loop_;
  testing::DnsServer server_{loop_};
  config::Dns dns_;
  config::Destinations destinations_;
  std::vector<wire::Endpoint> own_listeners_;
  std::optional<Resolver> resolver_;
  std::optional<DestinationPolicy> policy_;
  std::optional<Connector> connector_;
  testing::TestListener listener_;
  std::uint16_t port_ = listener_.endpoint.port;
};

TEST_F(ConnectorTest, OpensByName) {
  allow("127.0.0.0/8");
  server_.names["here.test"].addresses = {"127.0.0.1"};
  const Outcome outcome = open("here.test", port_);
  ASSERT_TRUE(outcome) << outcome.error().detail;
  EXPECT_EQ(outcome->remote, listener_.endpoint);
  EXPECT_GT(outcome->resolve_time.count(), 0);
  EXPECT_TRUE(was_connected_to(listener_));
}

TEST_F(ConnectorTest, ChecksTheResolvedAddress) {
  server_.names["rebound.test"].addresses = {"127.0.0.1", "::1", "169.254.169.254"};
  EXPECT_EQ(refusal("rebound.test", port_), Refusal::destination_denied);
  EXPECT_EQ(refusal("127.0.0.1", port_), Refusal::destination_denied);
  EXPECT_EQ(refusal("::ffff:127.0.0.1", port_), Refusal::destination_denied);
  EXPECT_EQ(refusal("localhost", port_), Refusal::destination_denied);
  EXPECT_FALSE(was_connected_to(listener_));
}

TEST_F(ConnectorTest, UsesTheAddressesThatAreAllowed) {
  allow("127.0.0.1/32");
  server_.names["some.test"].addresses = {"127.0.0.2", "127.0.0.1"};
  const Outcome outcome = open("some.test", port_);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->remote.address, ip("127.0.0.1"));
}

TEST_F(ConnectorTest, TriesSeveralAddresses) {
  allow("127.0.0.0/8");
  server_.names["several.test"].addresses = {"127.0.0.2", "127.0.0.3", "127.0.0.1"};
  const Outcome outcome = open("several.test", port_);
  ASSERT_TRUE(outcome) << outcome.error().detail;
  EXPECT_EQ(outcome->remote, listener_.endpoint);
}

TEST_F(ConnectorTest, PassesFailuresOn) {
  allow("127.0.0.0/8");
  const testing::ClosedPort closed;
  EXPECT_EQ(refusal("127.0.0.1", closed.endpoint.port), Refusal::connection_refused);
  EXPECT_EQ(refusal("missing.test", 80), Refusal::name_not_found);
  EXPECT_EQ(refusal("127.0.0.1", 0), Refusal::bad_request);
}

TEST_F(ConnectorTest, RefusesOwnListeners) {
  allow("127.0.0.0/8");
  own_listeners_ = {{wire::IpAddress(), port_}};
  EXPECT_EQ(refusal("127.0.0.1", port_), Refusal::destination_denied);
  EXPECT_EQ(refusal("127.0.0.77", port_), Refusal::destination_denied);
}

TEST_F(ConnectorTest, GoesToParentsWhateverThePolicy) {
  deny("0.0.0.0/0");
  const auto outcome =
      testing::run(loop_, connector().open_parent({"127.0.0.1", port_}, loop_.after(5s)));
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(was_connected_to(listener_));
}

TEST_F(ConnectorTest, OpensUdp) {
  allow("127.0.0.1/32");
  auto peer = platform::create_udp(ip("127.0.0.1"));
  ASSERT_TRUE(platform::bind_socket(peer->get(), {ip("127.0.0.1"), 0}));
  const auto endpoint = *platform::local_endpoint(peer->get());
  const auto opened =
      testing::run(loop_, connector().open_udp({"127.0.0.1", endpoint.port}, loop_.after(5s)));
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->remote, endpoint);
  ASSERT_EQ(::send(opened->socket.get(), "x", 1, 0), 1);
  char got = 0;
  EXPECT_EQ(::recv(peer->get(), &got, 1, 0), 1);
  const auto denied = testing::run(loop_, connector().open_udp({"127.0.0.2", 9}, loop_.after(5s)));
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().reason, Refusal::destination_denied);
}

TEST_F(ConnectorTest, ListensForAPeer) {
  allow("127.0.0.0/8");
  const auto bound = testing::run(loop_, connector().bind_tcp({"127.0.0.1", 0}, loop_.after(5s)));
  ASSERT_TRUE(bound) << bound.error().detail;
  EXPECT_EQ(bound->local.address, ip("127.0.0.1"));
  EXPECT_EQ(bound->remote, (wire::Endpoint{ip("127.0.0.1"), 0}));
  ASSERT_NE(bound->local.port, 0);
  auto client = platform::create_tcp(ip("127.0.0.1"));
  ASSERT_TRUE(platform::start_connect(client->get(), bound->local));
  EXPECT_TRUE(platform::accept_tcp(bound->socket.get()));
}

TEST_F(ConnectorTest, ListensForAllowedPeersOnly) {
  const auto denied = testing::run(loop_, connector().bind_tcp({"127.0.0.1", 80}, loop_.after(5s)));
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().reason, Refusal::destination_denied);
}

TEST_F(ConnectorTest, ListensForAnybody) {
  const auto bound = testing::run(loop_, connector().bind_tcp({"0.0.0.0", 0}, loop_.after(5s)));
  ASSERT_TRUE(bound);
  EXPECT_NE(bound->local.port, 0);
  EXPECT_TRUE(bound->remote.address.is_unspecified());
}

}  // namespace
}  // namespace bulkhead::egress
