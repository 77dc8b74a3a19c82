// Checks against real sockets on loopback.
#include "workers/egress/health/prober.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "egress/testing.h"
#include "runtime/timer.h"
#include "workers/egress/health/http_check.h"

namespace bulkhead::egress_worker {
namespace {

using namespace std::chrono_literals;
using config::BackendType;
using config::HealthCheckType;
using egress::testing::ClosedPort;
using egress::testing::TestListener;
using ipc::HealthState;
using ::testing::HasSubstr;

// Answers every connection with a status line, once the request's head has come.
class HttpServer {
 public:
  explicit HttpServer(runtime::Loop& loop) : background_(loop) { background_.start(serve()); }
  int status = 200;
  std::string last_request;
  std::uint16_t port() const { return listener_.endpoint.port; }

 private:
  runtime::Task<void> serve() {
    runtime::Socket socket(std::move(listener_.socket));
    while (true) {
      platform::UniqueFd accepted = co_await egress::testing::accept_one(socket);
      if (!accepted) co_return;
      runtime::SocketStream stream(std::move(accepted));
      last_request = co_await egress::testing::read_until(stream, "\r\n\r\n");
      const std::string answer = "HTTP/1.1 " + std::to_string(status) +
                                 " Status\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
      co_await runtime::write_all(stream, answer, runtime::never);
    }
  }
  TestListener listener_;
  egress::testing::Background background_;
};

class ProberTest : public ::testing::Test {
 protected:
  ProberTest() {
    memory_ = *platform::create_shared_memory("test", sizeof(ipc::HealthPage));
    mapping_ = *platform::SharedMapping::map(memory_.get(), sizeof(ipc::HealthPage),
                                             platform::SharedMapping::Access::read_only);
    config_.server.http_port = 0;
    config_.network.dns.hosts_file = "";
    config_.health_checks.defaults = {20ms, 1s, 1, 1, 0};
    start();
  }
  ~ProberTest() override { stop(); }

  void start() {
    prober_ = std::make_unique<Prober>();
    ASSERT_TRUE(prober_->open(memory_.get()));
  }
  void stop() {
    bool stopped = false;
    runtime::spawn(stop_prober(stopped));
    while (!stopped) loop_.run();
    prober_.reset();
  }
  runtime::Task<void> stop_prober(bool& stopped) {
    co_await prober_->stop();
    stopped = true;
    loop_.stop();
  }

  config::Backend& add(const std::string& name, BackendType type, std::uint16_t port) {
    config::Backend& backend = config_.backends.emplace_back();
    backend.name = name;
    backend.type = type;
    backend.slot = static_cast<std::uint32_t>(config_.backends.size() - 1);
    backend.health_check.emplace();
    if (type != BackendType::direct) {
      backend.proxy.emplace();
      backend.proxy->address = {"127.0.0.1", port};
    } else {
      backend.health_check->target = wire::HostPort{"127.0.0.1", port};
    }
    return backend;
  }
  config::Backend& add_http(const std::string& name, std::uint16_t port) {
    config::Backend& backend = add(name, BackendType::direct, port);
    backend.health_check->type = HealthCheckType::http;
    backend.health_check->target.reset();
    backend.health_check->http.url = "http://127.0.0.1:" + std::to_string(port) + "/health?a#b";
    return backend;
  }

  void reconfigure() {
    std::string error;
    auto trust = make_probe_trust(config_, error);
    ASSERT_TRUE(trust) << error;
    generation_ =
        std::make_shared<Generation>(std::make_shared<config::Config>(config_), generation_.get());
    prober_->reconfigure(generation_, std::move(trust));
  }

  ipc::Health health(std::uint32_t slot = 0) const {
    return read_health(mapping_.as<ipc::HealthPage>().records[slot]);
  }

  runtime::Task<void> stop_after(runtime::Duration time) {
    co_await runtime::sleep_for(time);
    loop_.stop();
  }
  // Runs until the condition holds, 5 s at most.
  template <typename Condition>
  bool until(Condition condition) {
    const auto end = runtime::Clock::now() + 5s;
    while (!condition() && runtime::Clock::now() < end) {
      runtime::spawn(stop_after(2ms));
      loop_.run();
    }
    return condition();
  }
  bool becomes(HealthState state, std::uint32_t slot = 0) {
    return until([&] { return health(slot).state == state; });
  }

  runtime::Loop loop_;
  platform::UniqueFd memory_;
  platform::SharedMapping mapping_;
  config::Config config_;
  GenerationPtr generation_;
  std::unique_ptr<Prober> prober_;
};

TEST_F(ProberTest, ConnectsToTheParentAndToTheTargetOfADirectOne) {
  const TestListener listener;
  const ClosedPort closed;
  add("up", BackendType::socks5, listener.endpoint.port);
  add("down", BackendType::http, closed.endpoint.port);
  add("direct", BackendType::direct, listener.endpoint.port);
  reconfigure();
  EXPECT_TRUE(becomes(HealthState::healthy, 0));
  EXPECT_TRUE(becomes(HealthState::unhealthy, 1));
  EXPECT_TRUE(becomes(HealthState::healthy, 2));
  EXPECT_THAT(health(1).problem, HasSubstr("connection_refused"));
  EXPECT_GT(health(0).latency_us, 0u);
  EXPECT_TRUE(until([&] { return health(0).checks >= 3; })) << "again and again";
}

TEST_F(ProberTest, AsksForAStatus) {
  HttpServer server(loop_);
  add_http("web", server.port());
  reconfigure();
  EXPECT_TRUE(becomes(HealthState::healthy));
  EXPECT_THAT(server.last_request, ::testing::StartsWith("GET /health?a HTTP/1.1\r\nHost: 127.0."));
  server.status = 503;
  EXPECT_TRUE(becomes(HealthState::unhealthy));
  EXPECT_EQ(health().problem, "status 503, expected 200");
}

TEST_F(ProberTest, AsksAnHttpParentInAbsoluteFormWithItsLogin) {
  HttpServer parent(loop_);
  config::Backend& backend = add("parent", BackendType::http, parent.port());
  backend.proxy->username = "user";
  backend.proxy->password = config::Secret("pass");
  backend.health_check->type = HealthCheckType::http;
  backend.health_check->http.url = "http://status.example/ok";
  backend.health_check->http.expected_status = 204;
  parent.status = 204;
  reconfigure();
  EXPECT_TRUE(becomes(HealthState::healthy));
  EXPECT_THAT(parent.last_request,
              ::testing::AllOf(HasSubstr("GET http://status.example/ok HTTP/1.1\r\n"),
                               HasSubstr("\r\nHost: status.example\r\n"),
                               HasSubstr("\r\nProxy-Authorization: Basic dXNlcjpwYXNz\r\n")));
}

TEST_F(ProberTest, ASilentServerFailsInTime) {
  const TestListener silent;
  add_http("mute", silent.endpoint.port).health_check->timeout = 50ms;
  reconfigure();
  EXPECT_TRUE(becomes(HealthState::unhealthy));
  EXPECT_EQ(health().problem, "connect_timeout: the origin did not answer in time");
}

TEST_F(ProberTest, ASuccessorGoesOnWithWhatWasKnown) {
  {
    const TestListener listener;
    add("up", BackendType::socks5, listener.endpoint.port);
    reconfigure();
    EXPECT_TRUE(becomes(HealthState::healthy));
  }
  stop();
  config_.health_checks.defaults.interval = 1h;
  config_.health_checks.defaults.unhealthy_threshold = 100;
  const ipc::Health before = health();
  start();
  reconfigure();
  EXPECT_EQ(health(), before);
  EXPECT_TRUE(until([&] { return health().checks > before.checks; })) << "and checks at once";
  EXPECT_EQ(health().state, HealthState::healthy);
  EXPECT_EQ(health().since_ms, before.since_ms);
}

TEST_F(ProberTest, AnotherAddressIsAnotherBackend) {
  const TestListener first, second;
  add("up", BackendType::socks5, first.endpoint.port);
  reconfigure();
  EXPECT_TRUE(becomes(HealthState::healthy));
  config_.health_checks.defaults.interval = 1h;
  reconfigure();
  EXPECT_EQ(health().state, HealthState::healthy) << "the same with another interval";
  config_.backends[0].proxy->address.port = second.endpoint.port;
  reconfigure();
  EXPECT_EQ(health().state, HealthState::unknown);
  EXPECT_TRUE(becomes(HealthState::healthy));
}

TEST_F(ProberTest, WhatConnectionsTellIsLookedIntoAtOnce) {
  const TestListener listener;
  config_.health_checks.defaults.interval = 1h;
  add("up", BackendType::socks5, listener.endpoint.port);
  reconfigure();
  EXPECT_TRUE(becomes(HealthState::healthy));
  const auto checks = health().checks;
  prober_->note_traffic("up", false, "five failed");
  EXPECT_EQ(health().state, HealthState::unhealthy);
  EXPECT_EQ(health().problem, "five failed");
  EXPECT_TRUE(becomes(HealthState::healthy));
  EXPECT_GT(health().checks, checks);
  prober_->note_traffic("nobody", false, "");
}

TEST_F(ProberTest, TrafficAloneDecidesWithoutChecks) {
  const TestListener listener;
  add("up", BackendType::socks5, listener.endpoint.port).health_check.reset();
  reconfigure();
  EXPECT_EQ(health().state, HealthState::unknown);
  prober_->note_traffic("up", true, "");
  EXPECT_EQ(health().state, HealthState::healthy);
  prober_->note_traffic("up", false, "x");
  EXPECT_EQ(health().state, HealthState::unhealthy);
}

TEST_F(ProberTest, NothingGoesAroundATunnelThatIsNotThere) {
  const TestListener listener;
  add("inner", BackendType::socks5, listener.endpoint.port).via = "vpn";
  add("vpn", BackendType::wireguard, 1).proxy.reset();
  config_.backends[1].health_check.reset();
  reconfigure();
  EXPECT_TRUE(until([&] { return !health().problem.empty(); }));
  EXPECT_EQ(health().state, HealthState::unknown);
  EXPECT_THAT(health().problem, HasSubstr("tunnel"));
  EXPECT_FALSE(platform::accept_tcp(listener.socket.get())) << "nobody connected";
}

TEST_F(ProberTest, PingWorksOrSaysWhatForbidsIt) {
  add("host", BackendType::direct, 1).health_check->type = HealthCheckType::ping;
  reconfigure();
  EXPECT_TRUE(until([&] { return health().checked_ms != 0; }));
  if (health().state == HealthState::healthy) return;
  EXPECT_EQ(health().state, HealthState::unknown);
  EXPECT_THAT(health().problem, HasSubstr("net.ipv4.ping_group_range"));
}

TEST(CheckUrl, IsReadAsARequestNeedsIt) {
  const auto url = parse_check_url("https://user.example:8443/a/b?c=d#e");
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->secure);
  EXPECT_EQ(url->authority, (wire::HostPort{"user.example", 8443}));
  EXPECT_EQ(url->path_and_query, "/a/b?c=d");
  EXPECT_EQ(parse_check_url("http://plain.example")->authority.port, 80);
  for (const char* bad : {"", "ftp://x/", "http://", "http://a@b/", "/path", "http://x/\x01"}) {
    EXPECT_FALSE(parse_check_url(bad)) << bad;
  }
}

}  // namespace
}  // namespace bulkhead::egress_worker
