#include "wire/http1/forward.h"

#include <gtest/gtest.h>

namespace bulkhead::wire::http1 {
namespace {

using Kind = BodyFraming::Kind;

RequestHead request(const std::string& text) {
  RequestParser parser;
  EXPECT_EQ(parser.parse(text).status, ParseResult::Status::complete) << text;
  return std::move(parser.head());
}

ResponseHead response(const std::string& text, ResponseContext context = {}) {
  ResponseParser parser(context);
  EXPECT_EQ(parser.parse(text).status, ParseResult::Status::complete) << text;
  return std::move(parser.head());
}

std::string forwarded(const std::string& text, RequestForwarding forwarding,
                      TargetForm form = TargetForm::origin) {
  auto head = request(text);
  forwarding.pseudonym = "bulkhead";
  EXPECT_TRUE(prepare_request(head, forwarding));
  std::string out;
  append_request_head(out, head, form);
  return out;
}

struct Answer {
  std::string text;
  Downstream downstream;
};

Answer answered(const std::string& text, ResponseForwarding forwarding,
                ResponseContext context = {}) {
  auto head = response(text, context);
  forwarding.pseudonym = "bulkhead";
  Answer answer;
  answer.downstream = prepare_response(head, forwarding);
  EXPECT_TRUE(answer.downstream.ok);
  append_response_head(answer.text, head);
  return answer;
}

TEST(ForwardRequest, RemovesWhatIsHopByHop) {
  EXPECT_EQ(
      forwarded(
          "GET http://a.example/x HTTP/1.1\r\nHost: b.example\r\nConnection: Close, X-Hop, host\r\n"
          "Keep-Alive: 5\r\nProxy-Connection: keep-alive\r\nProxy-Authorization: Basic eA==\r\n"
          "TE: gzip\r\nUpgrade: websocket\r\nHTTP2-Settings: x\r\nX-HOP: 1\r\nTrailer: y\r\nX-End: "
          "2\r\n\r\n",
          {}),
      "GET /x HTTP/1.1\r\nHost: a.example\r\nX-End: 2\r\nVia: 1.1 bulkhead\r\n\r\n");
}

TEST(ForwardRequest, FramesTheBodyAnew) {
  EXPECT_EQ(
      forwarded("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\nTrailer: t\r\nTE: "
                "trailers\r\n\r\n",
                {}),
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: t\r\nTE: trailers\r\n"
      "Connection: TE\r\nVia: 1.1 bulkhead\r\n\r\n");
  EXPECT_EQ(
      forwarded(
          "POST / HTTP/1.0\r\nContent-Length: 005\r\nHost: a\r\nConnection: content-length\r\n\r\n",
          {}),
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nVia: 1.0 bulkhead\r\n\r\n");
}

TEST(ForwardRequest, TargetForms) {
  const std::string text = "GET http://a:8080?q HTTP/1.1\r\nHost: b\r\nVia: 1.0 x\r\n\r\n";
  const std::string rest = "Host: a:8080\r\nVia: 1.0 x\r\nVia: 1.1 bulkhead\r\n\r\n";
  EXPECT_EQ(forwarded(text, {}), "GET /?q HTTP/1.1\r\n" + rest);
  EXPECT_EQ(forwarded(text, {}, TargetForm::absolute), "GET http://a:8080/?q HTTP/1.1\r\n" + rest);
  EXPECT_EQ(forwarded("CONNECT [::1]:443 HTTP/1.1\r\nHost: x\r\n\r\n", {}, TargetForm::authority),
            "CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\nVia: 1.1 bulkhead\r\n\r\n");
  const std::string options = "OPTIONS https://a:443 HTTP/1.1\r\nHost: a\r\n\r\n";
  EXPECT_TRUE(forwarded(options, {}).starts_with("OPTIONS * HTTP/1.1\r\nHost: a\r\n"));
  EXPECT_TRUE(
      forwarded(options, {}, TargetForm::absolute).starts_with("OPTIONS https://a HTTP/1.1\r\n"));
}

TEST(ForwardRequest, OptionsOfTheProxy) {
  const std::string text =
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c, websocket, HTTP/2.0\r\n"
      "Proxy-Authorization: x\r\n\r\n";
  EXPECT_EQ(forwarded(text, {.keep_proxy_authorization = true, .forward_upgrade = true}),
            "GET / HTTP/1.1\r\nHost: a\r\nProxy-Authorization: x\r\nUpgrade: "
            "websocket\r\nConnection: upgrade\r\n"
            "Via: 1.1 bulkhead\r\n\r\n");
  EXPECT_EQ(forwarded(text, {.keep_alive = false}),
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nVia: 1.1 bulkhead\r\n\r\n");
}

TEST(ForwardRequest, RefusesWithoutAuthorityOrName) {
  auto head = request("GET / HTTP/1.0\r\n\r\n");
  EXPECT_FALSE(prepare_request(head, {.pseudonym = "bulkhead"}));
  head = request("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_FALSE(prepare_request(head, {.pseudonym = "bulk head"}));
}

TEST(ForwardResponse, ReframesForTheClient) {
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: t\r\n\r\n";
  auto answer = answered(chunked, {});
  EXPECT_EQ(
      answer.text,
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: t\r\nVia: 1.1 bulkhead\r\n\r\n");
  EXPECT_TRUE(answer.downstream.keep_alive);
  answer = answered(chunked, {.client_version = Version::http_1_0});
  EXPECT_EQ(answer.text, "HTTP/1.1 200 OK\r\nConnection: close\r\nVia: 1.1 bulkhead\r\n\r\n");
  EXPECT_EQ(answer.downstream.body.kind, Kind::until_close);
  EXPECT_FALSE(answer.downstream.keep_alive);
  answer = answered("HTTP/1.0 200 OK\r\n\r\n", {});
  EXPECT_EQ(answer.text,
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nVia: 1.0 bulkhead\r\n\r\n");
  EXPECT_TRUE(answer.downstream.keep_alive);
}

TEST(ForwardResponse, KeepsTheClientConnectionAsAsked) {
  const std::string text =
      "HTTP/1.1 200 OK\r\nContent-Length: 03\r\nConnection: close, X\r\nKeep-Alive: 1\r\nX: "
      "1\r\n\r\n";
  EXPECT_EQ(answered(text, {}).text,
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nVia: 1.1 bulkhead\r\n\r\n");
  EXPECT_EQ(answered(text, {.client_version = Version::http_1_0}).text,
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: keep-alive\r\nVia: 1.1 "
            "bulkhead\r\n\r\n");
  EXPECT_EQ(
      answered(text, {.keep_alive = false}).text,
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\nVia: 1.1 bulkhead\r\n\r\n");
}

TEST(ForwardResponse, ContentLengthWithoutABody) {
  const std::string fields = "\r\nContent-Length: 7\r\n\r\n";
  EXPECT_NE(
      answered("HTTP/1.1 200 OK" + fields, {}, {.to_head = true}).text.find("Content-Length: 7"),
      std::string::npos);
  EXPECT_NE(answered("HTTP/1.1 304 N" + fields, {}).text.find("Content-Length: 7"),
            std::string::npos);
  EXPECT_EQ(answered("HTTP/1.1 204 N" + fields, {}).text.find("Content-Length"), std::string::npos);
  EXPECT_EQ(answered("HTTP/1.1 200 OK" + fields, {.to_connect = true}, {.to_connect = true})
                .text.find("Content-Length"),
            std::string::npos);
  // Nor can Connection take it away.
  const auto named =
      answered("HTTP/1.1 200 OK\r\nConnection: content-length" + fields, {}, {.to_head = true});
  EXPECT_NE(named.text.find("Content-Length: 7"), std::string::npos);
  const auto chunked_to_head =
      answered("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", {}, {.to_head = true});
  EXPECT_EQ(chunked_to_head.text, "HTTP/1.1 200 OK\r\nVia: 1.1 bulkhead\r\n\r\n");
}

TEST(ForwardResponse, InterimUpgradeAndChallenges) {
  EXPECT_EQ(answered("HTTP/1.1 103 Hints\r\nLink: x\r\n\r\n", {.keep_alive = false}).text,
            "HTTP/1.1 103 Hints\r\nLink: x\r\nVia: 1.1 bulkhead\r\n\r\n");
  EXPECT_EQ(
      answered("HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", {},
               {.upgrade_requested = true})
          .text,
      "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: upgrade\r\nVia: 1.1 bulkhead\r\n\r\n");
  const std::string challenge =
      "HTTP/1.1 407 P\r\nContent-Length: 0\r\nProxy-Authenticate: Basic\r\n\r\n";
  EXPECT_EQ(answered(challenge, {}).text.find("Basic"), std::string::npos);
  EXPECT_NE(answered(challenge, {.keep_proxy_authenticate = true}).text.find("Basic"),
            std::string::npos);
}

TEST(Via, FindsThePseudonymAsANameOnly) {
  const auto found = [](std::string_view value) {
    Headers headers;
    headers.add("Via", "1.0 first");
    headers.add("via", value);
    return via_names(headers, "bulkhead");
  };
  EXPECT_TRUE(found("1.1 bulkhead"));
  EXPECT_TRUE(found("HTTP/1.1 \t Bulkhead (x), 1.1 y"));
  EXPECT_TRUE(found("1.1 a (c, d), 1.1 bulkhead(x)"));
  EXPECT_FALSE(found("1.1 bulkhead2"));
  EXPECT_FALSE(found("1.1 a (1.1 x, 1.1 bulkhead)"));
  EXPECT_FALSE(found("bulkhead"));
}

TEST(MaxForwardsField, CountsDown) {
  const auto take = [](const std::string& method, const std::string& field, std::string_view left) {
    auto head = request(method + " / HTTP/1.1\r\nHost: a\r\n" + field + "\r\n");
    const auto result = take_max_forwards(head);
    EXPECT_EQ(head.headers.get("Max-Forwards").value_or(""), left) << field;
    return result;
  };
  EXPECT_EQ(take("TRACE", "Max-Forwards: 10\r\n", "9"), MaxForwards::forward);
  EXPECT_EQ(take("OPTIONS", "Max-Forwards: 0\r\n", "0"), MaxForwards::answer_here);
  EXPECT_EQ(take("OPTIONS", "", ""), MaxForwards::forward);
  EXPECT_EQ(take("OPTIONS", "Max-Forwards: x\r\n", "x"), MaxForwards::invalid);
  EXPECT_EQ(take("OPTIONS", "Max-Forwards: 1\r\nMax-Forwards: 1\r\n", "1"), MaxForwards::invalid);
  EXPECT_EQ(take("OPTIONS", "Max-Forwards: 99999999999999999999\r\n", "4294967296"),
            MaxForwards::forward);
  EXPECT_EQ(take("GET", "Max-Forwards: 0\r\n", "0"), MaxForwards::forward);
}

}  // namespace
}  // namespace bulkhead::wire::http1
