#include "wire/http1/syntax.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace bulkhead::wire::http1 {
namespace {

constexpr std::uint64_t every_octet(std::uint8_t value) {
  return 0x0101010101010101u * value;
}
constexpr std::uint64_t high_bits = every_octet(0x80);

// Whether one of eight octets may be a control octet. HTAB counts too: the caller looks again,
// octet by octet.
bool may_hold_control(std::uint64_t word) {
  const std::uint64_t below_space = (word - every_octet(0x20)) & ~word;
  const std::uint64_t delete_octets = word ^ every_octet(0x7f);
  const std::uint64_t is_delete = (delete_octets - every_octet(1)) & ~delete_octets;
  return ((below_space | is_delete) & high_bits) != 0;
}

bool is_control(char c) {
  const auto value = static_cast<unsigned char>(c);
  return (value < 0x20 && c != '\t') || value == 0x7f;
}

}  // namespace

bool is_token(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return octet::is(c, octet::token); });
}

bool detail::equal_letters(std::string_view left, std::string_view right) {
  if (left == right) return true;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (lower(left[i]) != lower(right[i])) return false;
  }
  return true;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_whitespace(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_whitespace(text.back())) text.remove_suffix(1);
  return text;
}

std::size_t find_control(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    std::uint64_t word = 0;
    if (text.size() >= sizeof word) {
      // The last word begins where it fits, and may look at some octets twice.
      i = std::min(i, text.size() - sizeof word);
      std::memcpy(&word, text.data() + i, sizeof word);
      if (!may_hold_control(word)) {
        i += sizeof word;
        continue;
      }
    }
    const std::size_t end = std::min(text.size(), i + sizeof word);
    for (; i < end; ++i) {
      if (is_control(text[i])) return i;
    }
  }
  return std::string_view::npos;
}

Decimal parse_decimal(std::string_view text) {
  constexpr std::uint64_t highest = std::numeric_limits<std::int64_t>::max();
  Decimal result;
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) return result;
  for (const char c : text) {
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (result.value > (highest - digit) / 10) {
      result.overflow = true;
      return result;
    }
    result.value = result.value * 10 + digit;
  }
  result.valid = true;
  return result;
}

std::size_t ListReader::element_length() const {
  bool quoted = false;
  std::size_t depth = 0;
  for (std::size_t i = 0; i < rest_.size(); ++i) {
    const char c = rest_[i];
    if ((quoted || depth > 0) && c == '\\') {
      ++i;
    } else if (depth == 0 && c == '"') {
      quoted = !quoted;
    } else if (!quoted && with_comments_ && c == '(') {
      ++depth;
    } else if (!quoted && depth > 0 && c == ')') {
      --depth;
    } else if (!quoted && depth == 0 && c == ',') {
      return i;
    }
  }
  return rest_.size();
}

std::optional<std::string_view> ListReader::next() {
  while (!rest_.empty()) {
    const std::size_t length = element_length();
    const auto element = trim(rest_.substr(0, length));
    rest_.remove_prefix(std::min(rest_.size(), length + 1));
    if (!element.empty()) return element;
  }
  return std::nullopt;
}

}  // namespace bulkhead::wire::http1
