#include "wire/json_text.h"

#include "wire/utf8.h"

namespace bulkhead::wire {
namespace {

void append_unit(std::string& out, char32_t unit) {
  static constexpr char digits[] = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += digits[(unit >> shift) & 15];
}

// Beyond the first plane, as a pair of surrogates.
void append_escape(std::string& out, char32_t point) {
  if (point < 0x10000) return append_unit(out, point);
  append_unit(out, 0xd800 + ((point - 0x10000) >> 10));
  append_unit(out, 0xdc00 + ((point - 0x10000) & 0x3ff));
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
    } else if (is_deceptive(*point)) {
      append_escape(out, *point);
    } else {
      out += before.substr(0, before.size() - text.size());
    }
  }
  out += '"';
}

}  // namespace bulkhead::wire
