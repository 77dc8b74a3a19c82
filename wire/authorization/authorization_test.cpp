#include "wire/authorization/authorization.h"

#include <gtest/gtest.h>
#include <vector>

namespace bulkhead::wire::authorization {
namespace {

class Authorization : public ::testing::Test {
 protected:
  Presented accepted(std::string_view value) {
    const auto result = parse(value, buffer_);
    EXPECT_TRUE(std::holds_alternative<Presented>(result)) << value;
    return std::holds_alternative<Presented>(result) ? std::get<Presented>(result) : Presented{};
  }
  std::string_view refused(std::string_view value) {
    const auto result = parse(value, buffer_);
    return std::holds_alternative<Error>(result) ? to_string(std::get<Error>(result)) : "accepted";
  }
  std::vector<char> buffer_ = std::vector<char>(max_decoded);
};

TEST_F(Authorization, Basic) {
  // RFC 7617 section 2 and 2.1.
  Presented presented = accepted("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  EXPECT_EQ(presented.scheme, Scheme::basic);
  EXPECT_EQ(presented.user, "Aladdin");
  EXPECT_EQ(presented.secret, "open sesame");
  presented = accepted("Basic dGVzdDoxMjPCow==");
  EXPECT_EQ(presented.secret, "123\xc2\xa3");
  presented = accepted("bASIC   YTpiOmM=");  // a:b:c
  EXPECT_EQ(presented.user, "a");
  EXPECT_EQ(presented.secret, "b:c");
  EXPECT_EQ(accepted("Basic YTo=").secret, "");
  EXPECT_EQ(accepted("Basic YQA6AP8=").user, std::string_view("a\0", 2));  // whatever it is
  EXPECT_EQ(accepted("Basic YTpiYg==").secret, "bb");
}

TEST_F(Authorization, Bearer) {
  const Presented presented = accepted("Bearer mF_9.B5f-4.1JqM~+/==");
  EXPECT_EQ(presented.scheme, Scheme::bearer);
  EXPECT_EQ(presented.user, "");
  EXPECT_EQ(presented.secret, "mF_9.B5f-4.1JqM~+/==");
}

TEST_F(Authorization, WhatIsRefused) {
  EXPECT_EQ(refused(""), "empty");
  EXPECT_EQ(refused(std::string(max_value + 1, 'a')), "too_long");
  EXPECT_EQ(refused("Bearer " + std::string(max_value - 7, 'a')), "accepted");
  for (const char* value : {"Digest username=\"x\"", "Negotiate abc", "Basi QTpi", "Basicx QTpi",
                            " Basic QTpi", "\tBasic QTpi", "Basic\tQTpi"})
    EXPECT_EQ(refused(value), "unknown_scheme") << value;
  for (const char* value : {"Basic", "Basic ", "Bearer", "Bearer   ", "Bearer a b", "Bearer a,b",
                            "Bearer =", "Bearer a=b", "Basic QTpi ", "Basic QTpi\r\n",
                            "Basic QTpi, Basic QTpi", "Bearer \xff"})
    EXPECT_EQ(refused(value), "malformed_token") << value;
  EXPECT_EQ(refused(std::string_view("Bearer a\0b", 10)), "malformed_token");
  for (const char* value : {
           "Basic YTpiYg",    // no padding
           "Basic YTpiYg=",   // half of it
           "Basic YTpiYh==",  // bits that do not count
           "Basic YTpiYmJ=",  // likewise
           "Basic YTpi====",  // too much
           "Basic YTpi_w==",  // the other alphabet
           "Basic A===",
       })
    EXPECT_EQ(refused(value), "malformed_base64") << value;
  EXPECT_EQ(refused("Basic YWJj"), "no_colon");
  EXPECT_EQ(refused("Basic OmFi"), "empty_user");
}

TEST_F(Authorization, EveryOctetComesThrough) {
  std::string clear = "u:";
  for (int octet = 0; octet < 256; ++octet) clear.push_back(static_cast<char>(octet));
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string encoded;
  ASSERT_EQ(clear.size() % 3, 0U);
  for (std::size_t at = 0; at < clear.size(); at += 3) {
    std::uint32_t bits = 0;
    for (std::size_t each = 0; each < 3; ++each)
      bits = bits << 8U | static_cast<unsigned char>(clear[at + each]);
    for (int shift = 18; shift >= 0; shift -= 6)
      encoded.push_back(digits[bits >> static_cast<unsigned>(shift) & 63U]);
  }
  EXPECT_EQ(accepted("Basic " + encoded).secret, clear.substr(2));
}

TEST(Challenge, IsOneHeaderValue) {
  EXPECT_EQ(basic_challenge("bulkhead"), "Basic realm=\"bulkhead\", charset=\"UTF-8\"");
  EXPECT_EQ(bearer_challenge("bulkhead", false), "Bearer realm=\"bulkhead\"");
  EXPECT_EQ(bearer_challenge("bulkhead", true),
            "Bearer realm=\"bulkhead\", error=\"invalid_token\"");
}

}  // namespace
}  // namespace bulkhead::wire::authorization
