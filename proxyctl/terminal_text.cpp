#include "proxyctl/terminal_text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

namespace bulkhead::proxyctl {
namespace {

bool is_unsafe(char32_t point) {
  if (point < 0x20 || (point >= 0x7f && point < 0xa0)) return true;
  // Zero-width, directional marks and overrides, line and paragraph separators, isolates, byte
  // order mark, tags.
  return point == 0xad || point == 0x61c || (point >= 0x200b && point <= 0x200f) ||
         (point >= 0x2028 && point <= 0x202e) || (point >= 0x2060 && point <= 0x206f) ||
         point == 0xfeff || (point >= 0xfff9 && point <= 0xfffb) ||
         (point >= 0xe0000 && point <= 0xe007f);
}

std::string escaped_octet(unsigned octet) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "\\x%02x", octet & 0xff);
  return text.data();
}

std::string escaped_point(char32_t point) {
  if (point == '\n') return "\\n";
  if (point == '\t') return "\\t";
  if (point == '\r') return "\\r";
  if (point < 0x80) return escaped_octet(static_cast<unsigned>(point));
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "\\u{%04x}", static_cast<unsigned>(point));
  return text.data();
}

std::string made_safe(std::string_view text, bool lines) {
  std::string out;
  while (!text.empty()) {
    const std::string_view before = text;
    const auto point = take_code_point(text);
    if (!point) {
      out += escaped_octet(static_cast<unsigned char>(before.front()));
    } else if (lines && (*point == '\n' || *point == '\t')) {
      out += static_cast<char>(*point);
    } else if (!lines && *point == '\\') {
      out += "\\\\";
    } else if (is_unsafe(*point)) {
      out += escaped_point(*point);
    } else {
      out += before.substr(0, before.size() - text.size());
    }
  }
  return out;
}

}  // namespace

std::optional<char32_t> take_code_point(std::string_view& text) {
  const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = octet(0);
  const std::size_t length = first < 0x80             ? 1
                             : (first & 0xe0) == 0xc0 ? 2
                             : (first & 0xf0) == 0xe0 ? 3
                             : (first & 0xf8) == 0xf0 ? 4
                                                      : 0;
  bool good = length != 0 && length <= text.size();
  char32_t point = length < 2 ? first : first & (0x7fU >> length);
  for (std::size_t i = 1; good && i < length; ++i) {
    good = (octet(i) & 0xc0) == 0x80;
    point = (point << 6) | (octet(i) & 0x3f);
  }
  constexpr std::array<char32_t, 5> smallest{0, 0, 0x80, 0x800, 0x10000};
  good =
      good && point >= smallest[length] && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
  text.remove_prefix(good ? length : 1);
  if (!good) return std::nullopt;
  return point;
}

std::string printable(std::string_view text) {
  return made_safe(text, false);
}

std::string printable_lines(std::string_view text) {
  return made_safe(text, true);
}

std::size_t display_width(std::string_view printable_text) {
  return static_cast<std::size_t>(
      std::count_if(printable_text.begin(), printable_text.end(),
                    [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace bulkhead::proxyctl
