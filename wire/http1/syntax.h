// The octet classes and small grammar rules that every part of HTTP/1 shares (RFC 9110
// section 5.6). Everything works on views and allocates nothing.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace bulkhead::wire::http1 {

// The default of a text that may be left out, in structs that are filled by name.
inline constexpr std::string_view no_text;

namespace octet {
inline constexpr std::uint8_t token = 1;      // tchar
inline constexpr std::uint8_t target = 2;     // visible ASCII: what may stand in a request target
inline constexpr std::uint8_t hex_digit = 4;  // HEXDIG

constexpr std::uint8_t classify(unsigned char c) {
  const bool digit = c >= '0' && c <= '9';
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  const bool hex = digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  const bool mark = c != 0 && marks.find(static_cast<char>(c)) != std::string_view::npos;
  return static_cast<std::uint8_t>((digit || letter || mark ? token : 0) |
                                   (c > 0x20 && c < 0x7f ? target : 0) | (hex ? hex_digit : 0));
}

inline constexpr auto classes = [] {
  std::array<std::uint8_t, 256> table{};
  for (unsigned i = 0; i < table.size(); ++i) table[i] = classify(static_cast<unsigned char>(i));
  return table;
}();

constexpr bool is(char c, std::uint8_t wanted) {
  return (classes[static_cast<unsigned char>(c)] & wanted) != 0;
}
}  // namespace octet

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}
constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_whitespace(char c) {
  return c == ' ' || c == '\t';
}  // SP or HTAB

bool is_token(std::string_view text);  // not empty, tchar only
namespace detail {
bool equal_letters(std::string_view left, std::string_view right);  // of one length
}
// ASCII letters only. Nearly all that is compared differs in length or in the first octet already.
inline bool equals_ignoring_case(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return false;
  if (left.empty()) return true;
  if (((left.front() ^ right.front()) & ~0x20) != 0) return false;
  return detail::equal_letters(left, right);
}
std::string_view trim(std::string_view text);  // without leading and trailing OWS

// The position of the first octet no field value may hold: a control octet other than HTAB, or DEL.
// npos if none.
std::size_t find_control(std::string_view text);

// 1*DIGIT up to 2^63-1: nothing when text is not digits only; overflow is told apart.
struct Decimal {
  std::uint64_t value = 0;
  bool valid = false;
  bool overflow = false;
};
Decimal parse_decimal(std::string_view text);

// Walks a comma separated list (RFC 9110 section 5.6.1). Commas inside quoted strings, and inside
// comments if asked, do not separate. Empty elements are skipped, as the RFC wants. The views point
// into the list's text.
class ListReader {
 public:
  explicit ListReader(std::string_view text, bool with_comments = false)
      : rest_(text), with_comments_(with_comments) {}
  std::optional<std::string_view> next();

 private:
  std::size_t element_length() const;

  std::string_view rest_;
  bool with_comments_;
};

}  // namespace bulkhead::wire::http1
