#include "wire/http1/response.h"

#include <gtest/gtest.h>

namespace bulkhead::wire::http1 {
namespace {

using Kind = BodyFraming::Kind;
using Status = ParseResult::Status;

constexpr BodyFraming until_close{Kind::until_close, 0};
constexpr BodyFraming no_body{};

ResponseHead accepted(const std::string& text, ResponseContext context = {}) {
  ResponseParser parser(context);
  const auto result = parser.parse(text);
  EXPECT_EQ(result.status, Status::complete) << text << name(result.error);
  EXPECT_EQ(result.consumed, text.size());
  return std::move(parser.head());
}

struct Body {
  std::string text;
  ResponseContext context;
  BodyFraming framing;
  bool keep_alive;
};

class ResponseBodies : public testing::TestWithParam<Body> {};

TEST_P(ResponseBodies, AreDelimitedAsTheRfcSays) {
  const auto head = accepted("HTTP/1.1 " + GetParam().text + "\r\n\r\n", GetParam().context);
  EXPECT_EQ(head.body, GetParam().framing) << GetParam().text;
  EXPECT_EQ(head.keep_alive, GetParam().keep_alive) << GetParam().text;
}

constexpr ResponseContext to_head{.to_head = true};
constexpr ResponseContext to_connect{.to_connect = true};
constexpr ResponseContext upgrading{.upgrade_requested = true};

INSTANTIATE_TEST_SUITE_P(
    All, ResponseBodies,
    testing::Values(
        Body{"200 OK\r\nContent-Length: 5", {}, {Kind::length, 5}, true},
        Body{"200 OK\r\nTransfer-Encoding: chunked", {}, {Kind::chunked, 0}, true},
        Body{"200 OK", {}, until_close, false},
        Body{"200 OK\r\nContent-Length: 5\r\nConnection: close", {}, {Kind::length, 5}, false},
        Body{"200 OK\r\nContent-Length: 5", to_head, no_body, true},
        Body{"200 OK\r\nTransfer-Encoding: chunked", to_head, no_body, true},
        Body{"200 OK", to_head, no_body, true},
        Body{"304 Not Modified\r\nContent-Length: 5", {}, no_body, true},
        Body{"204 No Content", {}, no_body, true},
        Body{"204 No Content\r\nContent-Length: 0", {}, no_body, true},
        Body{"204 No Content\r\nContent-Length: 5", {}, no_body, false},
        Body{"204 No Content\r\nTransfer-Encoding: chunked", {}, no_body, false},
        Body{"100 Continue", {}, no_body, true},
        Body{"101 Switching Protocols\r\nUpgrade: websocket", upgrading, no_body, true},
        Body{"200 OK\r\nContent-Length: 5", to_connect, no_body, true},
        Body{"407 No\r\nContent-Length: 5", to_connect, {Kind::length, 5}, true}));

struct Refused {
  std::string text;
  ParseError error;
};

class RefusedResponses : public testing::TestWithParam<Refused> {};

TEST_P(RefusedResponses, WithTheirOwnError) {
  ResponseParser parser;
  const auto result = parser.parse(GetParam().text);
  EXPECT_EQ(result.status, Status::error);
  EXPECT_EQ(result.error, GetParam().error) << GetParam().text << "\n" << name(result.error);
}

INSTANTIATE_TEST_SUITE_P(
    All, RefusedResponses,
    testing::Values(
        Refused{"\r\nHTTP/1.1 200 OK\r\n", ParseError::too_many_empty_lines},
        Refused{"HTTP/1.1 200 OK\n", ParseError::bare_line_feed},
        Refused{"HTTP/1.1 200 O\rK\r\n", ParseError::bare_carriage_return},
        Refused{"HTTP/1.1 200 \x01\r\n", ParseError::invalid_status_line},
        Refused{"ICY 200 OK okay\r\n", ParseError::invalid_status_line},
        Refused{"HTTP/1.1\r\n", ParseError::invalid_status_line},
        Refused{"HTTP/1.1  200 OK\r\n", ParseError::invalid_status_code},
        Refused{"HTTP/1.1 200OK\r\n", ParseError::invalid_status_line},
        Refused{"HTTP/1.1 2000 OK\r\n", ParseError::invalid_status_line},
        Refused{"HTTP/1.1 020 OK\r\n", ParseError::invalid_status_code},
        Refused{"HTTP/1.1 2x0 OK\r\n", ParseError::invalid_status_code},
        Refused{"HTTP/2.0 200 OK\r\n", ParseError::version_not_supported},
        Refused{"HTTP/1.1 101 Yes\r\n\r\n", ParseError::unexpected_upgrade},
        Refused{"HTTP/1.1 100 Continue\r\nContent-Length: 1\r\n\r\n",
                ParseError::body_on_informational},
        Refused{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
                ParseError::content_length_with_transfer_encoding},
        Refused{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
                ParseError::duplicate_content_length},
        Refused{"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
                ParseError::transfer_encoding_not_chunked},
        Refused{"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                ParseError::transfer_encoding_in_http_1_0},
        Refused{"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", ParseError::whitespace_before_colon}));

TEST(Response, ReasonMayBeEmptyOrMissing) {
  EXPECT_EQ(accepted("HTTP/1.1 200 Fine \xc3\xbc\r\n\r\n").reason, "Fine \xc3\xbc");
  EXPECT_EQ(accepted("HTTP/1.1 200 \r\n\r\n").reason, "");
  EXPECT_EQ(accepted("HTTP/1.1 999\r\n\r\n").status, 999);
}

TEST(Response, Version10PersistsOnlyWhenItSaysSo) {
  EXPECT_FALSE(accepted("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n").keep_alive);
  EXPECT_TRUE(accepted("HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\n")
                  .keep_alive);
}

TEST(Response, InterimThenFinal) {
  const std::string interim = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
  ResponseParser parser;
  EXPECT_EQ(parser.parse(interim + "HTTP").consumed, interim.size());
  EXPECT_TRUE(parser.head().is_interim());
  parser.reset();
  EXPECT_EQ(parser.parse("HTTP/1.1 204 N\r\n\r\n").status, Status::complete);
  EXPECT_FALSE(parser.head().is_interim());
  EXPECT_TRUE(parser.head().headers.empty());
  parser.reset({.to_head = true});
  EXPECT_EQ(parser.parse("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n").status, Status::complete);
  EXPECT_EQ(parser.head().body, no_body);
}

TEST(Response, BoundsItsStatusLine) {
  ResponseParser parser({}, {.max_start_line = 20, .max_head = 100, .max_fields = 5});
  EXPECT_EQ(parser.parse("HTTP/1.1 200 A very long reason\r\n\r\n").error,
            ParseError::status_line_too_long);
}

}  // namespace
}  // namespace bulkhead::wire::http1
