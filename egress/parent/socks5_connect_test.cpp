#include "egress/parent/socks5_connect.h"

#include <gtest/gtest.h>

#include "egress/parent/parent_for_test.h"

namespace bulkhead::egress {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using proto::Refusal;
using Outcome = tl::expected<void, Failure>;

const std::string request = "\5\1\0\3\13example.com\1\273"s;  // port 443
const std::string success = "\5\0\0\1\300\0\2\1\0\120"s;

class Socks5ConnectTest : public ::testing::Test {
 protected:
  Outcome connect(const ParentCredentials* credentials = nullptr, std::string host = "example.com",
                  runtime::Duration patience = 5s) {
    return testing::run(
        loop_, connect_through_socks5(*parent_.near, {std::move(host), 443}, credentials, received_,
                                      loop_.after(patience)));
  }
  Refusal refusal(const ParentCredentials* credentials = nullptr) {
    const Outcome outcome = connect(credentials);
    EXPECT_FALSE(outcome);
    return outcome ? Refusal::internal_error : outcome.error().reason;
  }

  runtime::Loop loop_;
  testing::ScriptedParent parent_{loop_};
  std::string received_;
  const ParentCredentials credentials_{"user", "pass"};
};

TEST_F(Socks5ConnectTest, OpensWithoutCredentialsAndKeepsWhatFollows) {
  parent_.play({{"\5\1\0"s, "\5\0"s, true}, {request, success + "hello"}});
  EXPECT_TRUE(connect());
  EXPECT_EQ(received_, "hello");
}

TEST_F(Socks5ConnectTest, ReadsAnswersInPieces) {
  parent_.play({{"\5\1\0"s, "\5\0"s, true}, {request, success, true}});
  EXPECT_TRUE(connect());
}

TEST_F(Socks5ConnectTest, SendsCredentialsWhenAsked) {
  parent_.play({{"\5\2\0\2"s, "\5\2"s}, {"\1\4user\4pass"s, "\1\0"s}, {request, success}});
  EXPECT_TRUE(connect(&credentials_));
}

TEST_F(Socks5ConnectTest, KeepsCredentialsWhenNotAsked) {
  parent_.play({{"\5\2\0\2"s, "\5\0"s}, {request, success}});
  EXPECT_TRUE(connect(&credentials_));
}

TEST_F(Socks5ConnectTest, SendsAddressesAsAddresses) {
  parent_.play({{"\5\1\0"s, "\5\0"s}, {"\5\1\0\1\300\0\2\7\1\273"s, success}});
  EXPECT_TRUE(connect(nullptr, "192.0.2.7"));
}

TEST_F(Socks5ConnectTest, ReportsWrongCredentials) {
  parent_.play({{"\5\2\0\2"s, "\5\2"s}, {"\1\4user\4pass"s, "\1\1"s}});
  EXPECT_EQ(refusal(&credentials_), Refusal::parent_authentication_failed);
}

TEST_F(Socks5ConnectTest, ReportsThatNoMethodWillDo) {
  parent_.play({{"\5\1\0"s, "\5\377"s}});
  EXPECT_EQ(refusal(), Refusal::parent_authentication_failed);
}

TEST_F(Socks5ConnectTest, RefusesAMethodThatWasNotOffered) {
  parent_.play({{"\5\1\0"s, "\5\2"s}});
  EXPECT_EQ(refusal(), Refusal::parent_protocol_error);
}

TEST_F(Socks5ConnectTest, ReportsGarbageAndHangUps) {
  parent_.play({{"\5\1\0"s, "HTTP/1.1 400"s}});
  EXPECT_EQ(refusal(), Refusal::parent_protocol_error);
}

TEST_F(Socks5ConnectTest, ReportsAHangUp) {
  parent_.play({{"\5\1\0"s, "\5"s}});
  EXPECT_EQ(refusal(), Refusal::parent_protocol_error);
}

TEST_F(Socks5ConnectTest, KeepsToItsDeadline) {
  parent_.play({{"\5\1\0"s, "\5\0"s}}, false);
  const Outcome outcome = connect(nullptr, "example.com", 30ms);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().reason, Refusal::connect_timeout);
}

struct Reply {
  char code;
  Refusal refusal;
};
class Socks5Replies : public Socks5ConnectTest, public ::testing::WithParamInterface<Reply> {};

TEST_P(Socks5Replies, AreMappedBack) {
  parent_.play({{"\5\1\0"s, "\5\0"s}, {request, "\5"s + GetParam().code + "\0\1\0\0\0\0\0\0"s}});
  EXPECT_EQ(refusal(), GetParam().refusal);
}

INSTANTIATE_TEST_SUITE_P(
    Codes, Socks5Replies,
    ::testing::Values(Reply{1, Refusal::parent_refused}, Reply{2, Refusal::parent_refused},
                      Reply{3, Refusal::network_unreachable}, Reply{4, Refusal::host_unreachable},
                      Reply{5, Refusal::connection_refused}, Reply{6, Refusal::host_unreachable},
                      Reply{7, Refusal::parent_refused}, Reply{8, Refusal::parent_refused},
                      Reply{99, Refusal::parent_refused}));

}  // namespace
}  // namespace bulkhead::egress
