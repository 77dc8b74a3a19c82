// For tests of codecs: messages written in hexadecimal, and the proof that a message is understood
// when its last octet has arrived, not earlier, and that nothing behind it is touched.
#pragma once

#include <charconv>
#include <cstdint>
#include <gtest/gtest.h>
#include <span>
#include <string_view>
#include <vector>

namespace bulkhead::wire {

using Octets = std::vector<std::uint8_t>;

// "05 01 00": two digits an octet, spaces ignored.
inline Octets hex(std::string_view digits) {
  Octets octets;
  for (std::size_t i = 0; i + 1 < digits.size();) {
    if (digits[i] == ' ') {
      ++i;
      continue;
    }
    std::uint8_t octet = 0;
    std::from_chars(digits.data() + i, digits.data() + i + 2, octet, 16);
    octets.push_back(octet);
    i += 2;
  }
  return octets;
}

inline Octets text_octets(std::string_view text) {
  return {text.begin(), text.end()};
}

inline Octets operator+(Octets left, const Octets& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

inline Octets to_octets(std::span<const std::uint8_t> octets) {
  return {octets.begin(), octets.end()};
}

// Returns what parse made of the whole, for the test to look at; its views point into `whole`.
template <typename Parse>
auto parse_at_every_split(Parse parse, const Octets& whole) {
  for (std::size_t size = 0; size < whole.size(); ++size) {
    // A copy of exactly that size, so that a sanitizer sees a read past its end.
    const Octets part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_TRUE(parse(std::span(part)).needs_more()) << "with " << size << " of " << whole.size();
  }
  const Octets longer = whole + hex("05 00 50 52 4f");
  const auto with_rest = parse(std::span(longer));
  EXPECT_TRUE(with_rest.is_complete());
  if (with_rest.is_complete()) {
    EXPECT_EQ(with_rest.consumed(), whole.size());
  }
  auto parsed = parse(std::span(whole));
  EXPECT_TRUE(parsed.is_complete());
  return parsed;
}

}  // namespace bulkhead::wire
