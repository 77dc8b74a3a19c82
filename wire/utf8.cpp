#include "wire/utf8.h"

#include <algorithm>
#include <array>

namespace bulkhead::wire {
namespace {

struct Range {
  char32_t first, last;
};

// Beyond ASCII: C1, what Unicode calls Default_Ignorable_Code_Point, separators of lines and
// paragraphs, the blank Braille pattern, annotations, and noncharacters in the middle of a plane.
constexpr std::array deceptive{
    Range{0x7f, 0x9f},       Range{0xad, 0xad},       Range{0x34f, 0x34f},
    Range{0x61c, 0x61c},     Range{0x115f, 0x1160},   Range{0x17b4, 0x17b5},
    Range{0x180b, 0x180f},   Range{0x200b, 0x200f},   Range{0x2028, 0x202e},
    Range{0x2060, 0x206f},   Range{0x2800, 0x2800},   Range{0x3164, 0x3164},
    Range{0xfdd0, 0xfdef},   Range{0xfe00, 0xfe0f},   Range{0xfeff, 0xfeff},
    Range{0xffa0, 0xffa0},   Range{0xfff0, 0xfffb},   Range{0x1bca0, 0x1bca3},
    Range{0x1d173, 0x1d17a}, Range{0xe0000, 0xe0fff},
};

}  // namespace

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

bool is_plain_text(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const auto first = static_cast<unsigned char>(text[0]);
    const bool c1 = first == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0;
    if (length == 0 || first < 0x20 || first == 0x7f || (length == 2 && c1)) return false;
    text.remove_prefix(length);
  }
  return true;
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
  if (point < 0x7f) return point < 0x20;
  const bool noncharacter = (point & 0xfffe) == 0xfffe;
  return noncharacter || std::ranges::any_of(deceptive, [point](const Range& each) {
           return point >= each.first && point <= each.last;
         });
}

}  // namespace bulkhead::wire
