#include "wire/http1/headers.h"

#include <gtest/gtest.h>

#include "wire/http1/parse_error.h"

namespace bulkhead::wire::http1 {
namespace {

TEST(Headers, LooksUpWithoutRegardToCase) {
  Headers headers;
  ASSERT_TRUE(headers.add("Accept", "a"));
  ASSERT_TRUE(headers.add("accept", "b"));
  EXPECT_EQ(headers.get("ACCEPT"), "a");
  EXPECT_EQ(headers.count("aCCept"), 2u);
  EXPECT_FALSE(headers.get("Accep").has_value());
  EXPECT_FALSE(headers.has("Acceptt"));
}

TEST(Headers, SetReplacesTheFirstAndRemovesTheOthers) {
  Headers headers;
  headers.add("A", "1");
  headers.add("B", "2");
  headers.add("a", "3");
  ASSERT_TRUE(headers.set("A", "4"));
  ASSERT_EQ(headers.size(), 2u);
  EXPECT_EQ(headers[0].value, "4");
  EXPECT_EQ(headers[1].name, "B");
  ASSERT_TRUE(headers.set("C", "5"));
  EXPECT_EQ(headers.get("C"), "5");
}

TEST(Headers, MayBeGivenItsOwnViews) {
  Headers headers;
  headers.add("Name", "value");
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(headers.add(headers[0].name, headers[0].value));
  ASSERT_TRUE(headers.set(headers[0].name, headers[0].value));
  ASSERT_EQ(headers.size(), 1u);
  EXPECT_EQ(headers[0].name, "Name");
  EXPECT_EQ(headers[0].value, "value");
}

TEST(Headers, RefusesWhatWouldSplitAMessage) {
  Headers headers;
  for (const auto* value : {"a\r\nb", "a\nb", "a\rb", "\x7f", "\x01"})
    EXPECT_FALSE(headers.add("A", value)) << value;
  EXPECT_FALSE(headers.add("A", std::string_view("a\0b", 3)));
  for (const auto* name : {"", "A B", "A:", "A\r", "\xc3\xa4"})
    EXPECT_FALSE(headers.add(name, "v")) << name;
  EXPECT_TRUE(headers.empty());
  headers.add("A", "1");
  EXPECT_FALSE(headers.set("A", "2\n"));
  EXPECT_EQ(headers.get("A"), "1");
}

TEST(Headers, IsBounded) {
  Headers headers;
  for (std::size_t i = 0; i < Headers::max_fields; ++i) ASSERT_TRUE(headers.add("a", "b"));
  EXPECT_FALSE(headers.add("a", "b"));
  headers.clear();
  EXPECT_FALSE(headers.add("a", std::string(Headers::max_octets, 'x')));
  EXPECT_TRUE(headers.add("a", std::string(Headers::max_octets - 1, 'x')));
  EXPECT_FALSE(headers.add("a", ""));
}

TEST(Headers, WalksLists) {
  Headers headers;
  headers.add("Connection", "keep-alive,, Upgrade ,\t");
  headers.add("Connection", "TE");
  std::string seen;
  headers.for_each_element("connection",
                           [&](std::string_view element) { seen.append(element).append("|"); });
  EXPECT_EQ(seen, "keep-alive|Upgrade|TE|");
  EXPECT_TRUE(headers.has_token("Connection", "te"));
  EXPECT_FALSE(headers.has_token("Connection", "T"));
}

TEST(Headers, RemovesAndKeepsOrder) {
  Headers headers;
  for (const auto* name : {"A", "B", "a", "C"}) headers.add(name, name);
  EXPECT_EQ(headers.remove("a"), 2u);
  ASSERT_EQ(headers.size(), 2u);
  EXPECT_EQ(headers[0].name, "B");
  EXPECT_EQ(headers[1].name, "C");
}

TEST(ListReader, LeavesCommasInQuotesAndComments) {
  ListReader quoted(R"(a="x,\",y", b)");
  EXPECT_EQ(quoted.next(), R"(a="x,\",y")");
  EXPECT_EQ(quoted.next(), "b");
  EXPECT_FALSE(quoted.next());
  ListReader comments("1.1 a (x, (y), \\)z), 1.0 b", true);
  EXPECT_EQ(comments.next(), "1.1 a (x, (y), \\)z)");
  EXPECT_EQ(comments.next(), "1.0 b");
  ListReader unbalanced("a\\", true);
  EXPECT_EQ(unbalanced.next(), "a\\");
}

TEST(Syntax, FindsEveryControlOctetAtEveryPlace) {
  for (int value = 0; value < 256; ++value) {
    const bool control = (value < 0x20 && value != '\t') || value == 0x7f;
    for (std::size_t place = 0; place < 20; ++place) {
      std::string text(20, 'a');
      text[place] = static_cast<char>(value);
      EXPECT_EQ(find_control(text), control ? place : std::string::npos)
          << value << " at " << place;
    }
  }
  EXPECT_EQ(find_control(""), std::string::npos);
}

TEST(Syntax, ReadsDecimals) {
  EXPECT_EQ(parse_decimal("9223372036854775807").value, 9223372036854775807u);
  EXPECT_TRUE(parse_decimal("9223372036854775808").overflow);
  EXPECT_TRUE(parse_decimal("99999999999999999999999").overflow);
  for (const auto* text : {"", "+1", "-1", " 1", "1 ", "0x1", "1a"}) {
    EXPECT_FALSE(parse_decimal(text).valid) << text;
    EXPECT_FALSE(parse_decimal(text).overflow) << text;
  }
}

TEST(ParseErrorNames, AreUniqueAndHaveAStatus) {
  for (int i = 1; i < static_cast<int>(ParseError::count_); ++i) {
    const auto error = static_cast<ParseError>(i);
    EXPECT_GE(http_status(error), 400) << name(error);
    for (int j = 0; j < i; ++j) EXPECT_NE(name(error), name(static_cast<ParseError>(j)));
  }
}

TEST(Headers, WipedValuesAreGoneFromMemory) {
  Headers headers;
  headers.add("Proxy-Authorization", "Basic c2VjcmV0");
  headers.add("Host", "example.com");
  const std::string_view value = *headers.get("Proxy-Authorization");
  EXPECT_EQ(headers.wipe("proxy-authorization"), 1U);
  EXPECT_FALSE(headers.has("Proxy-Authorization"));
  EXPECT_EQ(value, std::string(value.size(), '*'));
  EXPECT_EQ(headers.get("Host"), "example.com");
  EXPECT_EQ(headers.wipe("Proxy-Authorization"), 0U);
}

}  // namespace
}  // namespace bulkhead::wire::http1
