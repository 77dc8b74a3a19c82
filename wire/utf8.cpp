#include "wire/utf8.h"

namespace bulkhead::wire {

std::size_t utf8_length(std::string_view text) {
  const auto at = [&](std::size_t index) {
    return index < text.size() ? static_cast<unsigned char>(text[index]) : 0U;
  };
  const auto continues = [&](std::size_t index) { return (at(index) & 0xc0) == 0x80; };
  const unsigned first = at(0), second = at(1);
  if (first < 0x80) return text.empty() ? 0 : 1;
  if (first < 0xc2 || first > 0xf4 || !continues(1)) return 0;
  if (first < 0xe0) return 2;
  if (first < 0xf0) {
    const bool bad = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f);
    return !bad && continues(2) ? 3 : 0;
  }
  const bool bad = (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
  return !bad && continues(2) && continues(3) ? 4 : 0;
}

std::optional<char32_t> take_code_point(std::string_view& text) {
  const std::size_t length = utf8_length(text);
  const auto at = [&](std::size_t index) { return static_cast<unsigned char>(text[index]); };
  char32_t point = length < 2 ? at(0) : at(0) & (0x7fU >> length);
  for (std::size_t index = 1; index < length; ++index) point = (point << 6) | (at(index) & 0x3fU);
  text.remove_prefix(length == 0 ? 1 : length);
  return length == 0 ? std::nullopt : std::optional(point);
}

bool is_deceptive(char32_t point) {
  if (point < 0x20 || (point >= 0x7f && point < 0xa0)) return true;
  return point == 0xad || point == 0x61c || (point >= 0x200b && point <= 0x200f) ||
         (point >= 0x2028 && point <= 0x202e) || (point >= 0x2060 && point <= 0x206f) ||
         point == 0xfeff || (point >= 0xfff9 && point <= 0xfffb) ||
         (point >= 0xe0000 && point <= 0xe007f);
}

}  // namespace bulkhead::wire
