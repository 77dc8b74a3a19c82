// What arrives is the same message however the network cut it: every input, valid or refused, is
// fed whole, cut in two at every octet, and octet by octet, and has to give the same result.
#include <gtest/gtest.h>

#include "wire/http1/body.h"
#include "wire/http1/request.h"
#include "wire/http1/response.h"

namespace bulkhead::wire::http1 {
namespace {

using Status = ParseResult::Status;

const Limits small{.max_start_line = 60, .max_head = 160, .max_fields = 4};

const std::vector<std::string> requests{
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "\r\n\r\nGET http://a.example:81/x?y HTTP/1.1\r\nHost: a\r\nAccept: b\r\n\r\nGET / "
    "HTTP/1.1\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n\x16\x03\x01",
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    "\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n",
    "GET / HTTP/1.1\nHost: a\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\rb: c\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n\r\n",
    "GET /" + std::string(46, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n",  // as long as `small` allows
    "GET /" + std::string(100, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nA: " + std::string(200, 'x') + "\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
};

const std::vector<std::string> responses{
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab",
    "HTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    "HTTP/1.0 200\r\n\r\nabc",
    "HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
};

const std::vector<std::string> chunked_bodies{
    "5;x=y\r\nhello\r\nA\r\n0123456789\r\n0\r\nX: y\r\nZ: 1\r\n\r\nrest",
    "1\r\na\r\n1\r\nb\r\n0\r\n\r\n",
    "1\r\nab\r\n",
    "5\r\nhello\r\n0\r\nHost: a\r\n\r\n",
    "3\nabc\r\n",
};

std::string describe(const RequestHead& head) {
  std::string text = head.method + "|" + head.target + "|" + head.authority.to_string() + "|" +
                     head.path_and_query;
  head.headers.for_each([&](const Field& field) {
    text.append("|").append(field.name).append("=").append(field.value);
  });
  return text + "|" + std::to_string(static_cast<int>(head.body.kind)) +
         std::to_string(head.body.length) + (head.keep_alive ? "k" : "") +
         (head.expects_continue ? "e" : "") + std::to_string(head.upgrade.size());
}

std::string describe(const ResponseHead& head) {
  std::string text = std::to_string(head.status) + head.reason;
  head.headers.for_each([&](const Field& field) {
    text.append("|").append(field.name).append("=").append(field.value);
  });
  return text + "|" + std::to_string(static_cast<int>(head.body.kind)) +
         (head.keep_alive ? "k" : "");
}

// Calls with each of the lengths in turn, as bytes arrive, and says how it ended. Each piece is a
// buffer of its own, so that a view kept from one call to the next would be seen by the address
// sanitizer.
template <typename Parser>
std::string outcome(Parser parser, const std::string& text,
                    const std::vector<std::size_t>& lengths) {
  for (const std::size_t length : lengths) {
    const std::string arrived = text.substr(0, length);
    const auto result = parser.parse(arrived);
    if (result.status == Status::error) return std::string(name(result.error));
    if (result.status == Status::complete)
      return std::to_string(result.consumed) + "|" + describe(parser.head());
  }
  return "need_more";
}

std::vector<std::size_t> every_length(std::size_t size) {
  std::vector<std::size_t> lengths;
  for (std::size_t i = 0; i <= size; ++i) lengths.push_back(i);
  return lengths;
}

template <typename Parser>
void expect_same_however_cut(const Parser& parser, const std::string& text) {
  const std::string whole = outcome(parser, text, {text.size()});
  EXPECT_NE(whole, "need_more") << text;
  EXPECT_EQ(outcome(parser, text, every_length(text.size())), whole) << text;
  for (std::size_t cut = 0; cut < text.size(); ++cut) {
    EXPECT_EQ(outcome(parser, text, {cut, text.size()}), whole) << text << " cut at " << cut;
  }
}

TEST(Split, Requests) {
  for (const auto& text : requests) {
    expect_same_however_cut(RequestParser(), text);
    expect_same_however_cut(RequestParser(small), text);
  }
}

TEST(Split, Responses) {
  for (const auto& text : responses) {
    expect_same_however_cut(ResponseParser(), text);
    expect_same_however_cut(ResponseParser({}, small), text);
  }
}

std::string body_outcome(const std::string& text, std::size_t first, std::size_t piece) {
  BodyDecoder body({BodyFraming::Kind::chunked, 0});
  std::string payload;
  std::size_t at = 0;
  std::size_t end = first;
  while (at < text.size()) {
    if (at == end) end = std::min(text.size(), end + piece);
    const auto step = body.feed(std::string_view(text).substr(at, end - at));
    payload.append(step.payload);
    at += step.consumed;
    if (step.error != ParseError::none)
      return payload + "|" + std::string(name(step.error)) + std::to_string(at);
    if (step.done)
      return payload + "|" + std::to_string(at) + "|" + std::to_string(body.trailers().size());
  }
  return payload;
}

TEST(Split, ChunkedBodies) {
  for (const auto& text : chunked_bodies) {
    const auto whole = body_outcome(text, text.size(), text.size());
    EXPECT_NE(whole.find('|'), std::string::npos) << text;
    EXPECT_EQ(body_outcome(text, 1, 1), whole) << text;
    for (std::size_t cut = 1; cut < text.size(); ++cut) {
      EXPECT_EQ(body_outcome(text, cut, text.size()), whole) << text << " cut at " << cut;
    }
  }
}

// A head that arrives in single octets costs about as much as one that arrives whole: 60 KiB in
// less than a blink even under a sanitizer, where quadratic scanning would touch two thousand
// million octets.
TEST(Split, ManySmallPiecesAreNotQuadratic) {
  std::string text = "GET / HTTP/1.1\r\nHost: a\r\nA: " + std::string(60000, 'x') + "\r\n\r\n";
  RequestParser parser;
  Status status = Status::need_more;
  for (std::size_t length = 1; length <= text.size(); ++length) {
    status = parser.parse(std::string_view(text).substr(0, length)).status;
  }
  EXPECT_EQ(status, Status::complete);
}

}  // namespace
}  // namespace bulkhead::wire::http1
