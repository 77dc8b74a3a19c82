// The service as an acceptor and the supervisor see it: over real channels, both ends on one loop.
#include "workers/egress/service.h"

#include <gtest/gtest.h>

#include "egress/dns_server_for_test.h"
#include "platform/message_socket.h"
#include "proto/command.h"

namespace bulkhead::egress_worker {
namespace {

using namespace std::chrono_literals;
using egress::testing::ip;
using proto::Party;
using proto::Refusal;
using Reply = std::optional<ipc::Envelope>;

config::Backend backend(std::string name, config::BackendType type) {
  config::Backend made;
  made.name = std::move(name);
  made.type = type;
  return made;
}

class ServiceTest : public ::testing::Test {
 protected:
  ServiceTest() {
    config_.network.dns.servers = {dns_.endpoint()};
    config_.network.dns.hosts_file = "";
    config_.server.http_port = 0;
    config_.access_control.destinations.allow = {*wire::Cidr::parse("127.0.0.0/8")};
    config_.backends = {backend("direct", config::BackendType::direct),
                        backend("echo", config::BackendType::echo),
                        backend("vpn", config::BackendType::wireguard),
                        backend("parent", config::BackendType::http)};
    config_.backends[3].proxy.emplace();
    config_.backends[3].proxy->address = {"127.0.0.1", listener_.endpoint.port};
  }
  void start() {
    service_ = std::make_unique<EgressService>(std::make_shared<config::Config>(config_), prober_);
    auto pair = platform::message_socket_pair();
    acceptor_ =
        std::make_unique<ipc::Channel>(std::move(pair->first), Party::acceptor, Party::egress);
    egress_ =
        std::make_unique<ipc::Channel>(std::move(pair->second), Party::egress, Party::acceptor);
    runtime::spawn(egress::testing::store(acceptor_->run(), acceptor_end_, loop_));
    runtime::spawn(egress::testing::store(service_->serve(*egress_), served_, loop_));
  }
  void TearDown() override {
    if (!service_) return;
    acceptor_->close("test over");
    while (!served_ || !acceptor_end_) loop_.run();
  }
  template <typename Request>
  Request to(std::string_view name, std::string_view host, std::uint16_t port) {
    Request request;
    request.backend = name;
    request.host = host;
    request.port = port;
    request.timeout_ms = 5000;
    return request;
  }
  template <typename Request>
  Reply ask(Request request, std::vector<int> descriptors = {}) {
    return egress::testing::run(
        loop_, acceptor_->call(std::move(request), loop_.after(10s), std::move(descriptors)));
  }
  template <typename Request>
  Refusal refusal(Request request) {
    const Reply reply = ask(std::move(request));
    EXPECT_TRUE(reply);
    const auto refused = reply ? reply->as<proto::Refused>() : std::nullopt;
    EXPECT_TRUE(refused);
    return refused ? refused->reason : Refusal::internal_error;
  }

  runtime::Loop loop_;
  egress::testing::DnsServer dns_{loop_};
  egress::testing::TestListener listener_;
  const std::uint16_t port_ = listener_.endpoint.port;
  config::Config config_;
  Prober prober_;
  std::unique_ptr<EgressService> service_;
  std::unique_ptr<ipc::Channel> acceptor_, egress_;
  std::optional<ipc::ChannelEnd> acceptor_end_, served_;
};

TEST_F(ServiceTest, OpensDirectly) {
  start();
  dns_.names["here.test"].addresses = {"127.0.0.1"};
  Reply reply = ask(to<proto::OpenTcp>("direct", "here.test", port_));
  ASSERT_TRUE(reply);
  const auto opened = reply->as<proto::Opened>();
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->remote, listener_.endpoint);
  ASSERT_EQ(reply->descriptors.size(), 1u);
  EXPECT_EQ(*platform::peer_endpoint(reply->descriptors[0].get()), listener_.endpoint);
}

TEST_F(ServiceTest, ConnectsToTheParentWhateverTheHostAndThePolicy) {
  config_.access_control.destinations = {};
  start();
  const Reply reply = ask(to<proto::OpenTcp>("parent", "anything.test", 1));
  ASSERT_TRUE(reply);
  ASSERT_TRUE(reply->as<proto::Opened>());
  EXPECT_EQ(reply->as<proto::Opened>()->remote, listener_.endpoint);
  EXPECT_TRUE(dns_.asked.empty());
}

TEST_F(ServiceTest, RefusesBackendsThatOpenNothing) {
  config_.backends[0].unavailable = "no file";
  start();
  EXPECT_EQ(refusal(to<proto::OpenTcp>("nobody", "127.0.0.1", port_)),
            Refusal::backend_unavailable);
  EXPECT_EQ(refusal(to<proto::OpenTcp>("direct", "127.0.0.1", port_)),
            Refusal::backend_unavailable);
  EXPECT_EQ(refusal(to<proto::OpenTcp>("vpn", "127.0.0.1", port_)), Refusal::backend_unavailable);
  EXPECT_EQ(refusal(to<proto::OpenTcp>("echo", "127.0.0.1", port_)), Refusal::backend_unsuitable);
  EXPECT_EQ(refusal(to<proto::OpenUdp>("parent", "127.0.0.1", port_)), Refusal::backend_unsuitable);
  EXPECT_EQ(refusal(to<proto::BindTcp>("parent", "127.0.0.1", port_)), Refusal::backend_unsuitable);
}

TEST_F(ServiceTest, RefusesItsOwnListeners) {
  config::Listener own;
  own.name = "own";
  own.address = ip("127.0.0.1");
  own.port = port_;
  config_.listeners = {own};
  start();
  EXPECT_EQ(refusal(to<proto::OpenTcp>("direct", "127.0.0.1", port_)), Refusal::destination_denied);
}

TEST_F(ServiceTest, OpensUdpAndListens) {
  start();
  const Reply udp = ask(to<proto::OpenUdp>("direct", "127.0.0.1", 53));
  ASSERT_TRUE(udp && udp->as<proto::Opened>());
  EXPECT_EQ(udp->as<proto::Opened>()->remote, (wire::Endpoint{ip("127.0.0.1"), 53}));
  const Reply bound = ask(to<proto::BindTcp>("direct", "127.0.0.1", 0));
  ASSERT_TRUE(bound && bound->as<proto::Opened>());
  EXPECT_NE(bound->as<proto::Opened>()->local.port, 0);
}

TEST_F(ServiceTest, OpensAndPinsUdpClients) {
  config::Listener own;
  own.name = "own";
  own.address = ip("127.0.0.1");
  own.port = port_;
  config_.listeners = {own};
  start();
  auto client = platform::create_tcp(listener_.endpoint.address);
  ASSERT_TRUE(platform::start_connect(client->get(), listener_.endpoint));
  auto accepted = platform::accept_tcp(listener_.socket.get());
  ASSERT_TRUE(accepted);
  Reply opened = ask(proto::OpenUdpClient(), {accepted->socket.get()});
  ASSERT_TRUE(opened && opened->as<proto::Opened>());
  proto::PinUdpClient pin;
  pin.source = {ip("127.0.0.1"), 4000};
  const Reply pinned = ask(pin, {accepted->socket.get(), opened->descriptors[0].get()});
  ASSERT_TRUE(pinned && pinned->as<proto::Opened>());
  EXPECT_EQ(*platform::peer_endpoint(opened->descriptors[0].get()), pin.source);
}

TEST_F(ServiceTest, StopsWhatIsCancelled) {
  dns_.names["silent.test"].silent = true;
  start();
  std::optional<Reply> reply;
  auto request = to<proto::OpenTcp>("direct", "silent.test", 80);
  runtime::spawn(egress::testing::store(acceptor_->call(request, loop_.after(60s)), reply, loop_));
  egress::testing::run_rounds(loop_);
  proto::Cancel cancel;
  cancel.request = 1;
  ASSERT_TRUE(acceptor_->send(cancel));
  // A second request is answered, the first never.
  EXPECT_EQ(refusal(to<proto::OpenTcp>("nobody", "", 1)), Refusal::backend_unavailable);
  EXPECT_FALSE(reply);
  acceptor_->close("done");
  while (!reply) loop_.run();
  EXPECT_FALSE(*reply);
}

TEST_F(ServiceTest, EndsWithRequestsUnderWay) {
  dns_.names["silent.test"].silent = true;
  start();
  for (int i = 0; i < 5; ++i) {
    proto::OpenTcp request = to<proto::OpenTcp>("direct", "silent.test", 80);
    ASSERT_TRUE(acceptor_->send(request, {}, static_cast<std::uint32_t>(100 + i)));
  }
  egress::testing::run_rounds(loop_, 5);
  EXPECT_FALSE(served_);
}

TEST_F(ServiceTest, EndsTheChannelWhenAnIdIsUsedTwice) {
  dns_.names["silent.test"].silent = true;
  start();
  const auto request = to<proto::OpenTcp>("direct", "silent.test", 80);
  acceptor_->send(request, {}, 7);
  acceptor_->send(request, {}, 7);
  while (!served_) loop_.run();
  EXPECT_NE(served_->reason.find("in use"), std::string::npos);
}

TEST_F(ServiceTest, UsesTheNewConfigurationFromThenOn) {
  start();
  EXPECT_EQ(refusal(to<proto::OpenTcp>("late", "127.0.0.1", port_)), Refusal::backend_unavailable);
  config_.backends.push_back(backend("late", config::BackendType::direct));
  service_->reconfigure(std::make_shared<config::Config>(config_));
  const Reply reply = ask(to<proto::OpenTcp>("late", "127.0.0.1", port_));
  EXPECT_TRUE(reply && reply->as<proto::Opened>());
}

}  // namespace
}  // namespace bulkhead::egress_worker
