#include "egress/parent/chain.h"

#include <gtest/gtest.h>

#include "egress/parent/parent_for_test.h"

namespace bulkhead::egress {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using proto::Refusal;

config::Backend parent(std::string name, config::BackendType type, std::string host) {
  config::Backend backend;
  backend.name = std::move(name);
  backend.type = type;
  backend.proxy.emplace();
  backend.proxy->address = {std::move(host), 3128};
  return backend;
}

class ChainTest : public ::testing::Test {
 protected:
  StreamOutcome open(std::vector<const config::Backend*> hops, bool connect_last = true) {
    return testing::run(loop_, open_through(hops, std::move(parent_.near), {"origin.test", 80},
                                            connect_last, contexts_, {}, loop_.after(5s)));
  }

  runtime::Loop loop_;
  testing::ScriptedParent parent_{loop_};
  TlsContexts contexts_;
  config::Backend http_ = parent("h", config::BackendType::http, "h.test");
  config::Backend socks_ = parent("s", config::BackendType::socks5, "s.test");
};

const std::string connect_origin =
    "CONNECT origin.test:80 HTTP/1.1\r\nHost: origin.test:80\r\n\r\n";
const std::string connect_socks = "CONNECT s.test:3128 HTTP/1.1\r\nHost: s.test:3128\r\n\r\n";
const std::string ok = "HTTP/1.1 200 OK\r\n\r\n";

TEST_F(ChainTest, WithoutHopsIsTheSocketItself) {
  const runtime::Stream* first = parent_.near.get();
  const StreamOutcome outcome = open({});
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->get(), first);
}

TEST_F(ChainTest, StaysRawWhenNothingIsLeftOver) {
  parent_.play({{connect_origin, ok}});
  const StreamOutcome outcome = open({&http_});
  ASSERT_TRUE(outcome);
  EXPECT_TRUE((*outcome)->is_raw());
}

TEST_F(ChainTest, YieldsWhatIsLeftOverFirst) {
  parent_.play({{connect_origin, ok + "first "}, {"", "second"}});
  const StreamOutcome outcome = open({&http_});
  ASSERT_TRUE(outcome);
  EXPECT_EQ(testing::run(loop_, testing::read_until(**outcome, "second")), "first second");
  EXPECT_TRUE((*outcome)->is_raw());
}

TEST_F(ChainTest, WalksFromTheNearestToTheFarthest) {
  parent_.play({{connect_socks, ok},
                {"\5\1\0"s, "\5\0"s},
                {"\5\1\0\3\13origin.test\0\120"s, "\5\0\0\1\0\0\0\0\0\0"s},
                {"ping", "pong"}});
  const StreamOutcome outcome = open({&http_, &socks_});
  ASSERT_TRUE(outcome) << outcome.error().detail;
  const auto sent = (*outcome)->try_write(std::as_bytes(std::span("ping", 4)));
  ASSERT_TRUE(sent.ok());
  EXPECT_EQ(testing::run(loop_, testing::read_until(**outcome, "pong")), "pong");
}

TEST_F(ChainTest, LeavesTheLastParentToTheCaller) {
  parent_.play({{"\5\1\0"s, "\5\0"s},
                {"\5\1\0\3\6h.test\14\70"s, "\5\0\0\1\0\0\0\0\0\0"s},
                {"GET ", "HTTP"}});
  const StreamOutcome outcome = open({&socks_, &http_}, false);
  ASSERT_TRUE(outcome) << outcome.error().detail;
  ASSERT_TRUE((*outcome)->try_write(std::as_bytes(std::span("GET ", 4))).ok());
  EXPECT_EQ(testing::run(loop_, testing::read_until(**outcome, "HTTP")), "HTTP");
}

TEST_F(ChainTest, SaysWhichParentFailed) {
  parent_.play({{connect_socks, ok}, {"\5\1\0"s, "\5\377"s}});
  const StreamOutcome outcome = open({&http_, &socks_});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().reason, Refusal::parent_authentication_failed);
  EXPECT_EQ(outcome.error().detail.substr(0, 3), "s: ");
}

TEST_F(ChainTest, SendsTheCredentialsOfTheHop) {
  http_.proxy->username = "u";
  http_.proxy->password = config::Secret("p");
  parent_.play(
      {{"CONNECT origin.test:80 HTTP/1.1\r\nHost: origin.test:80\r\n"
        "Proxy-Authorization: Basic dTpw\r\n\r\n",
        ok}});
  EXPECT_TRUE(open({&http_}));
}

TEST_F(ChainTest, RefusesWhatIsNoParent) {
  config::Backend direct;
  const StreamOutcome outcome = open({&direct});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().reason, Refusal::backend_unsuitable);
}

TEST_F(ChainTest, NeedsAContextForTls) {
  http_.proxy->tls.enabled = true;
  const StreamOutcome outcome = open({&http_});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().reason, Refusal::tls_failed);
}

TEST_F(ChainTest, ReportsAParentThatSpeaksNoTls) {
  http_.proxy->tls.enabled = true;
  std::string error;
  contexts_["h"] = runtime::make_client_context("", error);
  parent_.play({{"", "HTTP/1.1 400 Bad Request\r\n\r\n"}});
  const StreamOutcome outcome = open({&http_});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().reason, Refusal::tls_failed);
  EXPECT_NE(outcome.error().detail.find("TLS: "), std::string::npos);
}

}  // namespace
}  // namespace bulkhead::egress
