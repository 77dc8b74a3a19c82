#include "wire/http1/error_response.h"

#include <gtest/gtest.h>

#include "wire/http1/body.h"
#include "wire/http1/parse_error.h"
#include "wire/http1/response.h"

namespace bulkhead::wire::http1 {
namespace {

TEST(ProxyStatus, IsAStructuredField) {
  EXPECT_EQ(
      (ProxyStatus{.error = ProxyError::connection_refused, .details = R"(say "a\b")"}.to_string()),
      R"(bulkhead; error=connection_refused; details="say \"a\\b\"")");
  EXPECT_EQ((ProxyStatus{.proxy = "my proxy", .next_hop = "[::1]:80", .received_status = 503}
                 .to_string()),
            R"("my proxy"; received-status=503; next-hop="[::1]:80")");
  EXPECT_EQ((ProxyStatus{.details = "a\r\nb\xc3"}.to_string()), R"(bulkhead; details="a??b?")");
  const std::string long_text(1000, 'x');
  EXPECT_EQ((ProxyStatus{.details = long_text}.to_string().size()),
            256 + std::string_view("bulkhead; details=\"\"").size());
}

TEST(ProxyErrors, HaveUniqueNamesAndStatuses) {
  for (int i = 0; i < static_cast<int>(ProxyError::count_); ++i) {
    const auto error = static_cast<ProxyError>(i);
    EXPECT_GE(recommended_status(error), 400);
    EXPECT_LE(recommended_status(error), 504);
    for (int j = 0; j < i; ++j) EXPECT_NE(name(error), name(static_cast<ProxyError>(j)));
  }
  EXPECT_EQ(recommended_status(ProxyError::dns_timeout), 504);
}

TEST(ReasonPhrases, CoverEveryStatusARefusalHas) {
  for (int i = 1; i < static_cast<int>(ParseError::count_); ++i) {
    EXPECT_NE(reason_phrase(http_status(static_cast<ParseError>(i))), "Unknown");
  }
  for (int i = 0; i < static_cast<int>(ProxyError::count_); ++i) {
    EXPECT_NE(reason_phrase(recommended_status(static_cast<ProxyError>(i))), "Unknown");
  }
  EXPECT_EQ(reason_phrase(299), "Unknown");
}

TEST(ErrorResponse, IsAWholeResponse) {
  ErrorResponse error{
      .status = 503, .text = "No way out.", .proxy_status = "bulkhead", .keep_alive = true};
  error.extra.add("Retry-After", "5");
  const std::string text = error.to_string();
  ResponseParser parser;
  const auto result = parser.parse(text);
  ASSERT_EQ(result.status, ParseResult::Status::complete);
  EXPECT_EQ(parser.head().status, 503);
  EXPECT_EQ(parser.head().reason, "Service Unavailable");
  EXPECT_TRUE(parser.head().keep_alive);
  EXPECT_EQ(parser.head().headers.get("Retry-After"), "5");
  EXPECT_EQ(parser.head().headers.get("Proxy-Status"), "bulkhead");
  BodyDecoder body(parser.head().body);
  const auto step = body.feed(std::string_view(text).substr(result.consumed));
  EXPECT_TRUE(step.done);
  EXPECT_EQ(step.payload, "503 Service Unavailable\nNo way out.\n");
  EXPECT_EQ(result.consumed + step.consumed, text.size());
}

TEST(ErrorResponse, ToHeadHasNoBodyAndClosesUnlessTold) {
  const std::string text = ErrorResponse{.status = 400, .to_head = true}.to_string();
  EXPECT_TRUE(text.ends_with("\r\n\r\n"));
  EXPECT_NE(text.find("Content-Length: 16\r\n"), std::string::npos);
  EXPECT_NE(text.find("Connection: close\r\n"), std::string::npos);
  EXPECT_EQ(text.find("Proxy-Status"), std::string::npos);
}

TEST(ErrorResponse, CannotBeSplit) {
  const std::string text =
      ErrorResponse{.status = 502, .text = "x", .proxy_status = "a\r\nEvil: 1"}.to_string();
  EXPECT_EQ(text.find("Evil"), std::string::npos);
}

}  // namespace
}  // namespace bulkhead::wire::http1
