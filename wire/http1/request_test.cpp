#include "wire/http1/request.h"

#include <gtest/gtest.h>

namespace bulkhead::wire::http1 {
namespace {

using namespace std::string_literals;
using Kind = BodyFraming::Kind;
using Status = ParseResult::Status;

ParseError refusal(const std::string& text, const Limits& limits = {}) {
  RequestParser parser(limits);
  const auto result = parser.parse(text);
  EXPECT_NE(result.status, Status::need_more) << text;
  if (result.status == Status::error) {
    EXPECT_EQ(parser.parse(text + "more").error, result.error) << "errors stay";
  }
  return result.error;
}

RequestHead accepted(const std::string& text) {
  RequestParser parser;
  const auto result = parser.parse(text);
  EXPECT_EQ(result.status, Status::complete) << text << name(result.error);
  EXPECT_EQ(result.consumed, text.size()) << text;
  return std::move(parser.head());
}

std::string with_field(const std::string& field) {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + field + "\r\n\r\n";
}

struct Refused {
  std::string text;
  ParseError error;
};

class RefusedRequests : public testing::TestWithParam<Refused> {};

TEST_P(RefusedRequests, WithTheirOwnError) {
  const auto error = refusal(GetParam().text);
  EXPECT_EQ(error, GetParam().error) << GetParam().text << "\n" << name(error);
}

INSTANTIATE_TEST_SUITE_P(
    StartLine, RefusedRequests,
    testing::Values(Refused{"\n", ParseError::bare_line_feed},
                    Refused{"\r\n\r\n\r\n", ParseError::too_many_empty_lines},
                    Refused{"\rGET / HTTP/1.1\r\n", ParseError::bare_carriage_return},
                    Refused{"\x16\x03\x01", ParseError::invalid_method},
                    Refused{" GET / HTTP/1.1\r\n", ParseError::invalid_method},
                    Refused{"GE(T / HTTP/1.1\r\n", ParseError::invalid_method},
                    Refused{"GET\t/ HTTP/1.1\r\n", ParseError::invalid_method},
                    Refused{"GET\r\n", ParseError::invalid_request_line},
                    Refused{"GET  / HTTP/1.1\r\n", ParseError::invalid_request_line},
                    Refused{"GET /  HTTP/1.1\r\n", ParseError::invalid_request_line},
                    Refused{"GET / HTTP/1.1 \r\n", ParseError::invalid_request_line},
                    Refused{"GET /a b HTTP/1.1\r\n", ParseError::invalid_request_line},
                    Refused{"GET / \r\n", ParseError::invalid_request_line},
                    Refused{"GET /\r\n", ParseError::http_0_9},
                    Refused{"GET / HTTP/1.1\n", ParseError::bare_line_feed},
                    Refused{"GET /\r HTTP/1.1\r\n", ParseError::bare_carriage_return},
                    Refused{"GET / HTTP/1.1\r\r\n", ParseError::bare_carriage_return},
                    Refused{"GET / http/1.1\r\n", ParseError::invalid_version},
                    Refused{"GET / HTTP/1.10\r\n", ParseError::invalid_version},
                    Refused{"GET / HTTP/11\r\n", ParseError::invalid_version},
                    Refused{"GET / HTTP/1.2\r\n", ParseError::version_not_supported},
                    Refused{"GET / HTTP/0.9\r\n", ParseError::version_not_supported},
                    Refused{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                            ParseError::version_not_supported}));

INSTANTIATE_TEST_SUITE_P(
    Target, RefusedRequests,
    testing::Values(Refused{"GET /\x01 HTTP/1.1\r\n", ParseError::invalid_target_octet},
                    Refused{"GET /\0 HTTP/1.1\r\n"s, ParseError::invalid_target_octet},
                    Refused{"GET /\t HTTP/1.1\r\n", ParseError::invalid_target_octet},
                    Refused{"GET /\xc3\xa4 HTTP/1.1\r\n", ParseError::invalid_target_octet},
                    Refused{"GET /\x7f HTTP/1.1\r\n", ParseError::invalid_target_octet},
                    Refused{"GET /a#b HTTP/1.1\r\n", ParseError::fragment_in_target},
                    Refused{"GET http://a/#b HTTP/1.1\r\n", ParseError::fragment_in_target},
                    Refused{"GET a HTTP/1.1\r\n", ParseError::invalid_target},
                    Refused{"GET * HTTP/1.1\r\n", ParseError::invalid_target},
                    Refused{"GET a:80 HTTP/1.1\r\n", ParseError::invalid_target},
                    Refused{"GET http:/a HTTP/1.1\r\n", ParseError::invalid_target},
                    Refused{"GET ?://a HTTP/1.1\r\n", ParseError::invalid_target},
                    Refused{"GET ftp://a/ HTTP/1.1\r\n", ParseError::unsupported_scheme},
                    Refused{"GET http:// HTTP/1.1\r\n", ParseError::invalid_authority},
                    Refused{"GET http:///x HTTP/1.1\r\n", ParseError::invalid_authority},
                    Refused{"GET http://a:0/ HTTP/1.1\r\n", ParseError::invalid_authority},
                    Refused{"GET http://a:65536/ HTTP/1.1\r\n", ParseError::invalid_authority},
                    Refused{"GET http://a\\b/ HTTP/1.1\r\n", ParseError::invalid_authority},
                    Refused{"GET http://a%2eb/ HTTP/1.1\r\n", ParseError::invalid_authority},
                    Refused{"GET http://0x7f.1/ HTTP/1.1\r\n", ParseError::invalid_authority},
                    Refused{"GET http://::1/ HTTP/1.1\r\n", ParseError::invalid_authority},
                    Refused{"GET http://u@a/ HTTP/1.1\r\n", ParseError::userinfo_in_target},
                    Refused{"GET http://u:p@a/ HTTP/1.1\r\n", ParseError::userinfo_in_target},
                    Refused{"CONNECT u@a:1 HTTP/1.1\r\n", ParseError::userinfo_in_target},
                    Refused{"CONNECT a HTTP/1.1\r\n", ParseError::invalid_authority},
                    Refused{"CONNECT /a HTTP/1.1\r\n", ParseError::invalid_authority},
                    Refused{"CONNECT http://a/ HTTP/1.1\r\n", ParseError::invalid_authority}));

INSTANTIATE_TEST_SUITE_P(
    Host, RefusedRequests,
    testing::Values(
        Refused{"GET / HTTP/1.1\r\n\r\n", ParseError::missing_host},
        Refused{"GET http://a/ HTTP/1.1\r\n\r\n", ParseError::missing_host},
        Refused{"CONNECT a:1 HTTP/1.1\r\n\r\n", ParseError::missing_host},
        Refused{with_field("Host: a"), ParseError::duplicate_host},
        Refused{"GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n", ParseError::duplicate_host},
        Refused{"GET / HTTP/1.1\r\nHost:\r\n\r\n", ParseError::invalid_host},
        Refused{"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", ParseError::invalid_host},
        Refused{"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", ParseError::invalid_host},
        Refused{"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", ParseError::invalid_host},
        Refused{"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", ParseError::invalid_host},
        Refused{"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", ParseError::invalid_host},
        Refused{"GET / HTTP/1.1\r\nHost: b\xc3\xbc\r\n\r\n", ParseError::invalid_host},
        Refused{"GET http://a/ HTTP/1.1\r\nHost: a@b\r\n\r\n", ParseError::invalid_host},
        Refused{"GET / HTTP/1.0\r\nHost: @\r\n\r\n", ParseError::invalid_host}));

INSTANTIATE_TEST_SUITE_P(
    Fields, RefusedRequests,
    testing::Values(Refused{with_field("A b"), ParseError::invalid_field_name},
                    Refused{with_field("A"), ParseError::missing_colon},
                    Refused{with_field(": b"), ParseError::empty_field_name},
                    Refused{with_field("A : b"), ParseError::whitespace_before_colon},
                    Refused{with_field("A\t: b"), ParseError::whitespace_before_colon},
                    Refused{with_field("A(: b"), ParseError::invalid_field_name},
                    Refused{with_field("\xc3\xa4: b"), ParseError::invalid_field_name},
                    Refused{with_field("A\0: b"s), ParseError::invalid_field_name},
                    Refused{with_field("A: b\r\n c"), ParseError::obsolete_line_folding},
                    Refused{with_field("A: b\r\n\tc"), ParseError::obsolete_line_folding},
                    Refused{with_field(" \r\nA: b"), ParseError::obsolete_line_folding},
                    Refused{with_field("A: b\nC: d"), ParseError::bare_line_feed},
                    Refused{with_field("A: b\n"), ParseError::bare_line_feed},
                    Refused{with_field("A: b\rC: d"), ParseError::bare_carriage_return},
                    Refused{with_field("A\r: b"), ParseError::bare_carriage_return},
                    Refused{with_field("A: b\r"), ParseError::bare_carriage_return},
                    Refused{with_field("A: b\0c"s), ParseError::control_octet_in_value},
                    Refused{with_field("A: b\x0b"), ParseError::control_octet_in_value},
                    Refused{with_field("A: \x7f"), ParseError::control_octet_in_value},
                    Refused{"GET / HTTP/1.1\r\nHost: a\r\n\n", ParseError::bare_line_feed}));

INSTANTIATE_TEST_SUITE_P(
    Framing, RefusedRequests,
    testing::Values(
        Refused{with_field("Content-Length: 5\r\nTransfer-Encoding: chunked"),
                ParseError::content_length_with_transfer_encoding},
        Refused{with_field("Transfer-Encoding: x\r\nContent-Length: 0"),
                ParseError::content_length_with_transfer_encoding},
        Refused{with_field("Content-Length: 5\r\ncontent-length: 5"),
                ParseError::duplicate_content_length},
        Refused{with_field("Content-Length: 5, 5"), ParseError::duplicate_content_length},
        Refused{with_field("Content-Length: +5"), ParseError::invalid_content_length},
        Refused{with_field("Content-Length: -5"), ParseError::invalid_content_length},
        Refused{with_field("Content-Length: 0x5"), ParseError::invalid_content_length},
        Refused{with_field("Content-Length: 5 5"), ParseError::invalid_content_length},
        Refused{with_field("Content-Length:"), ParseError::invalid_content_length},
        Refused{with_field("Content-Length: 9223372036854775808"),
                ParseError::content_length_overflow},
        Refused{with_field("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
                ParseError::duplicate_transfer_encoding},
        Refused{with_field("Transfer-Encoding: chunked, chunked"),
                ParseError::invalid_transfer_encoding},
        Refused{with_field("Transfer-Encoding: chunked, identity"),
                ParseError::invalid_transfer_encoding},
        Refused{with_field("Transfer-Encoding: chunked;x"), ParseError::invalid_transfer_encoding},
        Refused{with_field("Transfer-Encoding: ,chunked"), ParseError::invalid_transfer_encoding},
        Refused{with_field("Transfer-Encoding: \"chunked\""),
                ParseError::invalid_transfer_encoding},
        Refused{with_field("Transfer-Encoding:"), ParseError::invalid_transfer_encoding},
        Refused{with_field("Transfer-Encoding: identity"),
                ParseError::transfer_encoding_not_chunked},
        Refused{with_field("Transfer-Encoding: xchunked"),
                ParseError::transfer_encoding_not_chunked},
        Refused{with_field("Transfer-Encoding: gzip, chunked"),
                ParseError::unsupported_transfer_coding},
        Refused{"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
                ParseError::transfer_encoding_in_http_1_0},
        Refused{"CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n",
                ParseError::connect_with_body},
        Refused{"CONNECT a:1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
                ParseError::connect_with_body},
        Refused{"TRACE / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n",
                ParseError::trace_with_body}));

TEST(Request, StatusesOfRefusals) {
  EXPECT_EQ(http_status(ParseError::request_line_too_long), 414);
  EXPECT_EQ(http_status(ParseError::head_too_large), 431);
  EXPECT_EQ(http_status(ParseError::content_length_overflow), 413);
  EXPECT_EQ(http_status(ParseError::unsupported_transfer_coding), 501);
  EXPECT_EQ(http_status(ParseError::version_not_supported), 505);
  EXPECT_EQ(http_status(ParseError::http_0_9), 400);
}

TEST(Request, HonoursItsLimitsToTheOctet) {
  const Limits limits{.max_start_line = 32, .max_head = 100, .max_fields = 2};
  const auto line = [](std::size_t octets) {
    return "GET /" + std::string(octets - 14, 'x') + " HTTP/1.1\r\n";
  };
  EXPECT_EQ(refusal(line(32) + "Host: a\r\n\r\n", limits), ParseError::none);
  EXPECT_EQ(refusal(line(33) + "Host: a\r\n\r\n", limits), ParseError::request_line_too_long);
  EXPECT_EQ(refusal(std::string(34, 'G'), limits), ParseError::request_line_too_long);
  const auto head = [&](std::size_t octets) {
    return line(32) + "Host: a\r\nB: " + std::string(octets - 34 - 9 - 3 - 4, 'x') + "\r\n\r\n";
  };
  EXPECT_EQ(head(100).size(), 100u);
  EXPECT_EQ(refusal(head(100), limits), ParseError::none);
  EXPECT_EQ(refusal(head(101), limits), ParseError::head_too_large);
  EXPECT_EQ(refusal(line(32) + "Host: a\r\nA: b\r\nC: d\r\n\r\n", limits),
            ParseError::too_many_fields);
}

TEST(Request, BoundsConnectionOptions) {
  std::string options = "Connection: a";
  for (int i = 1; i < 64; ++i) options += ",a";
  EXPECT_EQ(refusal(with_field(options)), ParseError::none);
  EXPECT_EQ(refusal(with_field(options + ",a")), ParseError::too_many_connection_options);
}

TEST(Request, TargetForms) {
  auto head = accepted("GET http://Example.com:8080/a?b HTTP/1.1\r\nHost: other.example\r\n\r\n");
  EXPECT_EQ(head.form, TargetForm::absolute);
  EXPECT_EQ(head.scheme, Scheme::http);
  EXPECT_EQ(head.authority, (HostPort{"Example.com", 8080}));  // the target wins over Host
  EXPECT_EQ(head.path_and_query, "/a?b");
  head = accepted("GET HTTPS://[::1]?q HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(head.scheme, Scheme::https);
  EXPECT_EQ(head.authority, (HostPort{"::1", 443}));
  EXPECT_EQ(head.path_and_query, "/?q");
  head = accepted("GET /x://y@z HTTP/1.1\r\nHost: [::1]:81\r\n\r\n");
  EXPECT_EQ(head.form, TargetForm::origin);
  EXPECT_EQ(head.authority, (HostPort{"::1", 81}));
  head = accepted(
      "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(head.form, TargetForm::authority);
  EXPECT_EQ(head.authority, (HostPort{"a.example", 443}));
  EXPECT_EQ(head.body.kind, Kind::none);
  EXPECT_EQ(head.path_and_query, "");
  head = accepted("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(head.form, TargetForm::asterisk);
  EXPECT_EQ(accepted("OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n").path_and_query, "*");
  EXPECT_EQ(accepted("OPTIONS http://a/ HTTP/1.1\r\nHost: a\r\n\r\n").path_and_query, "/");
  EXPECT_EQ(accepted("GET http://a HTTP/1.0\r\n\r\n").authority, (HostPort{"a", 80}));
  EXPECT_EQ(accepted("GET / HTTP/1.0\r\n\r\n").authority.host, "");
}

TEST(Request, ToleratesTwoEmptyLinesFirst) {
  EXPECT_EQ(accepted("\r\n\r\nM-SEARCH / HTTP/1.1\r\nHost: a\r\n\r\n").method, "M-SEARCH");
}

TEST(Request, ValuesAreTrimmedAndMayHoldObsText) {
  const auto head = accepted("GET / HTTP/1.1\r\nHost:a\r\nX: \t b\xe4\tc \t\r\nEmpty:\r\n\r\n");
  EXPECT_EQ(head.headers.get("x"), "b\xe4\tc");
  EXPECT_EQ(head.headers.get("Empty"), "");
}

TEST(Request, Framing) {
  EXPECT_EQ(accepted(with_field("A: b")).body, (BodyFraming{}));
  EXPECT_EQ(accepted(with_field("Content-Length: 0")).body, (BodyFraming{Kind::length, 0}));
  EXPECT_EQ(accepted(with_field("Content-Length: 007")).body, (BodyFraming{Kind::length, 7}));
  EXPECT_EQ(accepted(with_field("Transfer-Encoding: Chunked")).body.kind, Kind::chunked);
}

TEST(Request, Persistence) {
  EXPECT_TRUE(accepted(with_field("A: b")).keep_alive);
  EXPECT_FALSE(accepted(with_field("Connection: x, Close")).keep_alive);
  EXPECT_FALSE(accepted(with_field("Connection: keep-alive\r\nConnection: close")).keep_alive);
  EXPECT_FALSE(accepted("GET / HTTP/1.0\r\n\r\n").keep_alive);
  EXPECT_TRUE(accepted("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").keep_alive);
}

TEST(Request, Expectations) {
  EXPECT_TRUE(accepted(with_field("Expect: 100-Continue\r\nContent-Length: 1")).expects_continue);
  EXPECT_FALSE(accepted(with_field("Expect: 100-continue")).expects_continue);
  EXPECT_FALSE(accepted("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")
                   .expects_continue);
}

TEST(Request, UpgradeOnlyWithConnection) {
  using Protocols = std::vector<std::string>;
  EXPECT_EQ(accepted(with_field("Connection: Upgrade\r\nUpgrade: websocket, a/1, @")).upgrade,
            (Protocols{"websocket", "a/1"}));
  EXPECT_EQ(accepted(with_field("Upgrade: websocket")).upgrade, Protocols{});
  EXPECT_EQ(accepted("GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: w\r\n\r\n").upgrade,
            Protocols{});
}

TEST(Request, LeavesWhatFollowsAndCanBeReset) {
  const std::string first = "GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  const std::string second = "GET /2 HTTP/1.1\r\nHost: b\r\n\r\n";
  RequestParser parser;
  EXPECT_EQ(parser.parse(first + second).consumed, first.size());
  parser.reset();
  const auto result = parser.parse(second);
  EXPECT_EQ(result.consumed, second.size());
  EXPECT_EQ(parser.head().target, "/2");
  EXPECT_EQ(parser.head().headers.size(), 1u);
  EXPECT_TRUE(parser.head().keep_alive);
}

}  // namespace
}  // namespace bulkhead::wire::http1
