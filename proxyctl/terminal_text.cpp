#include "proxyctl/terminal_text.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "wire/utf8.h"

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
    const auto point = wire::take_code_point(text);
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
