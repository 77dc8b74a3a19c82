// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace bulkhead::wire {

// How many octets the sequence at the start of text has; 0 if there is none, 1 for all of ASCII.
std::size_t utf8_length(std::string_view text);

// UTF-8 without control characters, of ASCII or of C1. Empty text is.
bool is_plain_text(std::string_view text);

// Takes one code point off the front. Nothing, and one octet taken, where there is none. Not for
// empty text.
std::optional<char32_t> take_code_point(std::string_view& text);

// What shows as nothing, or makes other text show as what it is not: control characters (C0, DEL,
// C1), what is ignorable by default (zero-width ones, directional marks, overrides and isolates,
// fillers, variation selectors, tags), separators of lines and paragraphs, noncharacters.
bool is_deceptive(char32_t point);

}  // namespace bulkhead::wire
