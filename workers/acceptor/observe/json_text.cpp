#include "workers/acceptor/observe/json_text.h"

#include <cstdint>

namespace bulkhead::acceptor {
namespace {

// How many octets the well-formed UTF-8 sequence at the start has (RFC 3629), 0 if there is none.
std::size_t sequence_length(std::string_view text) {
  const auto at = [&](std::size_t i) {
    return static_cast<std::uint8_t>(i < text.size() ? text[i] : 0);
  };
  const auto continues = [&](std::size_t i) { return (at(i) & 0xc0) == 0x80; };
  const std::uint8_t first = at(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return continues(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool overlong = first == 0xe0 && at(1) < 0xa0;
    const bool surrogate = first == 0xed && at(1) >= 0xa0;
    return continues(1) && continues(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool overlong = first == 0xf0 && at(1) < 0x90;
    const bool beyond = first == 0xf4 && at(1) >= 0x90;
    return continues(1) && continues(2) && continues(3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

void append_control(std::string& out, unsigned char octet) {
  static constexpr char digits[] = "0123456789abcdef";
  out += "\\u00";
  out += digits[octet >> 4];
  out += digits[octet & 15];
}

// U+0085, U+2028 and U+2029 are line ends to some readers, and the C1 controls are nobody's text.
bool is_invisible(std::string_view sequence) {
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(sequence[i]); };
  if (sequence.size() == 2) return at(0) == 0xc2 && at(1) < 0xa0;
  return sequence.size() == 3 && at(0) == 0xe2 && at(1) == 0x80 && (at(2) == 0xa8 || at(2) == 0xa9);
}

void append_invisible(std::string& out, std::string_view sequence) {
  if (sequence.size() == 3) {
    out += static_cast<std::uint8_t>(sequence[2]) == 0xa8 ? "\\u2028" : "\\u2029";
  } else {
    append_control(out, static_cast<unsigned char>(sequence[1]));
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const auto octet = static_cast<unsigned char>(text.front());
    const std::size_t length = sequence_length(text);
    if (octet == '"' || octet == '\\') {
      out += '\\';
      out += text.front();
    } else if (octet < 0x20 || octet == 0x7f) {
      append_control(out, octet);
    } else if (length > 1 && is_invisible(text.substr(0, length))) {
      append_invisible(out, text.substr(0, length));
    } else if (length == 0) {
      out += "\xef\xbf\xbd";
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

}  // namespace bulkhead::acceptor
