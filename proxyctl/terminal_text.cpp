#include "proxyctl/terminal_text.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "wire/utf8.h"

namespace bulkhead::proxyctl {
namespace {

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
    } else if (wire::is_deceptive(*point)) {
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
