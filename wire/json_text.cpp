#include "wire/json_text.h"

#include "wire/utf8.h"

namespace bulkhead::wire {
namespace {

void append_escape(std::string& out, char32_t point) {
  static constexpr char digits[] = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += digits[(point >> shift) & 15];
}

bool needs_escape(char32_t point) {
  return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x2028 || point == 0x2029;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::string_view before = text;
    const auto point = take_code_point(text);
    if (!point) {
      out += "\xef\xbf\xbd";
    } else if (*point == '"' || *point == '\\') {
      out += '\\';
      out += before.front();
    } else if (needs_escape(*point)) {
      append_escape(out, *point);
    } else {
      out += before.substr(0, before.size() - text.size());
    }
  }
  out += '"';
}

}  // namespace bulkhead::wire
