#include "wire/utf8.h"

#include <gtest/gtest.h>
#include <string>

namespace bulkhead::wire {
namespace {

// Written out apart from the code under test: the shortest form of a code point.
std::string encoded(char32_t point) {
  const auto octet = [](char32_t value) { return static_cast<char>(value); };
  if (point < 0x80) return {octet(point)};
  if (point < 0x800) return {octet(0xc0 | point >> 6), octet(0x80 | (point & 63))};
  if (point < 0x10000)
    return {octet(0xe0 | point >> 12), octet(0x80 | (point >> 6 & 63)), octet(0x80 | (point & 63))};
  return {octet(0xf0 | point >> 18), octet(0x80 | (point >> 12 & 63)),
          octet(0x80 | (point >> 6 & 63)), octet(0x80 | (point & 63))};
}

TEST(Utf8, TakesEachCodePointThereIs) {
  for (char32_t point = 0; point < 0x110000; ++point) {
    const std::string text = encoded(point) + 'x';
    const bool surrogate = point >= 0xd800 && point < 0xe000;
    std::string_view rest = text;
    ASSERT_EQ(utf8_length(text), surrogate ? 0 : text.size() - 1) << static_cast<unsigned>(point);
    ASSERT_EQ(take_code_point(rest), surrogate ? std::nullopt : std::optional(point));
    ASSERT_EQ(rest, surrogate ? std::string_view(text).substr(1) : "x");
  }
}

TEST(Utf8, PlainTextHasNoControlCharacters) {
  for (const std::string_view plain : {"", "john", "J\xc3\xbcrgen", "\xc2\xa0", "a b"})
    EXPECT_TRUE(is_plain_text(plain)) << plain;
  for (const std::string_view other : {"\t", "a\nb", "\x7f", "\xc2\x85", "\xff", "\xc3"})
    EXPECT_FALSE(is_plain_text(other)) << other;
  EXPECT_FALSE(is_plain_text(std::string_view("a\0b", 3)));
}

TEST(Utf8, RefusesWhatIsNone) {
  for (const std::string_view text :
       {"", "\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2x", "\xe0\x9f\xbf", "\xe1\x80",
        "\xe1\x80x", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
        "\xf1\x80\x80", "\xff"}) {
    EXPECT_EQ(utf8_length(text), 0U);
    std::string_view rest = text;
    if (text.empty()) continue;
    EXPECT_EQ(take_code_point(rest), std::nullopt);
    EXPECT_EQ(rest, text.substr(1));
  }
}

}  // namespace
}  // namespace bulkhead::wire
