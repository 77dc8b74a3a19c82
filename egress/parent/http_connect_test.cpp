#include "egress/parent/http_connect.h"

#include <gtest/gtest.h>

#include "egress/parent/parent_for_test.h"

namespace bulkhead::egress {
namespace {

using namespace std::chrono_literals;
using proto::Refusal;
using Outcome = tl::expected<void, Failure>;

const std::string plain_request =
    "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n";

class HttpConnectTest : public ::testing::Test {
 protected:
  Outcome connect(wire::HostPort target = {"example.com", 443},
                  const ParentCredentials* credentials = nullptr, runtime::Duration patience = 5s) {
    return testing::run(loop_, connect_through_http(*parent_.near, std::move(target), via_,
                                                    credentials, received_, loop_.after(patience)));
  }
  Refusal refusal_for(const std::string& answer) {
    parent_.play({{plain_request, answer}});
    const Outcome outcome = connect();
    EXPECT_FALSE(outcome);
    return outcome ? Refusal::internal_error : outcome.error().reason;
  }

  runtime::Loop loop_;
  testing::ScriptedParent parent_{loop_};
  std::string received_;
  std::string_view via_;
};

TEST_F(HttpConnectTest, OpensATunnel) {
  parent_.play({{plain_request, "HTTP/1.1 200 OK\r\nVia: x\r\n\r\n", true}});
  EXPECT_TRUE(connect());
  EXPECT_EQ(received_, "");
}

TEST_F(HttpConnectTest, KeepsWhatComesBehindTheAnswer) {
  parent_.play({{plain_request, "HTTP/1.0 200 Connected\r\n\r\nSSH-2.0-hello"}});
  EXPECT_TRUE(connect());
  EXPECT_EQ(received_, "SSH-2.0-hello");
}

TEST_F(HttpConnectTest, IgnoresALengthInASuccess) {
  parent_.play({{plain_request, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbytes"}});
  EXPECT_TRUE(connect());
  EXPECT_EQ(received_, "bytes");
}

TEST_F(HttpConnectTest, IgnoresFramingThatContradictsItselfInASuccess) {
  parent_.play({{plain_request,
                 "HTTP/1.0 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n"
                 "Transfer-Encoding: chunked\r\n\r\nbytes"}});
  EXPECT_TRUE(connect());
  EXPECT_EQ(received_, "bytes");
}

TEST_F(HttpConnectTest, SaysWhoAsks) {
  via_ = "1.0 before, 1.1 here";
  parent_.play(
      {{"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n"
        "Via: 1.0 before, 1.1 here\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n"}});
  EXPECT_TRUE(connect());
}

TEST_F(HttpConnectTest, PassesInterimAnswersOver) {
  parent_.play({{plain_request, "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No\r\n\r\n"}});
  EXPECT_TRUE(connect());
}

TEST_F(HttpConnectTest, SendsBasicCredentials) {
  parent_.play(
      {{"CONNECT [2001:db8::1]:80 HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n"
        "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n"}});
  const ParentCredentials credentials{"Aladdin", "open sesame"};
  EXPECT_TRUE(connect({"2001:db8::1", 80}, &credentials));
}

TEST_F(HttpConnectTest, TellsAuthenticationFromRefusal) {
  EXPECT_EQ(refusal_for("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"),
            Refusal::parent_authentication_failed);
}

TEST_F(HttpConnectTest, ReportsARefusal) {
  EXPECT_EQ(refusal_for("HTTP/1.1 403 Forbidden\r\n\r\n"), Refusal::parent_refused);
}

TEST_F(HttpConnectTest, ReportsARedirectAsARefusal) {
  EXPECT_EQ(refusal_for("HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n"), Refusal::parent_refused);
}

TEST_F(HttpConnectTest, ReportsGarbage) {
  EXPECT_EQ(refusal_for("SSH-2.0-OpenSSH\r\n"), Refusal::parent_protocol_error);
}

TEST_F(HttpConnectTest, ReportsAHangUp) {
  EXPECT_EQ(refusal_for("HTTP/1.1 200 O"), Refusal::parent_protocol_error);
}

TEST_F(HttpConnectTest, BoundsTheAnswer) {
  EXPECT_EQ(refusal_for("HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x')),
            Refusal::parent_protocol_error);
}

TEST_F(HttpConnectTest, KeepsToItsDeadline) {
  parent_.play({{plain_request, "HTTP/1.1 "}}, false);
  const Outcome outcome = connect({"example.com", 443}, nullptr, 30ms);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().reason, Refusal::connect_timeout);
}

TEST_F(HttpConnectTest, RefusesTargetsThatCannotBeWritten) {
  EXPECT_EQ(connect({"a b", 1}).error().reason, Refusal::bad_request);
  EXPECT_EQ(connect({"a\r\nX: y", 1}).error().reason, Refusal::bad_request);
  EXPECT_EQ(connect({"example.com", 0}).error().reason, Refusal::bad_request);
}

}  // namespace
}  // namespace bulkhead::egress
