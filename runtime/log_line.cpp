// Reading a line of the process log: no more than it takes to know whose it is.
#include <algorithm>
#include <array>
#include <optional>

#include "runtime/log.h"

namespace bulkhead::runtime::log {
namespace {

struct Pair {
  std::string_view key, value;  // the value as written, quotes included
};

bool is_key_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

// How long the value at the start of text is: a quoted one to its closing quote, a bare one to the
// next space. Nothing if it is neither.
std::optional<std::size_t> value_length(std::string_view text) {
  if (!text.starts_with('"')) {
    const auto end = std::min(text.find(' '), text.size());
    const bool plain = text.substr(0, end).find_first_of("\"=\\") == std::string_view::npos;
    return plain && end != 0 ? std::optional(end) : std::nullopt;
  }
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      return at + 1;
    }
  }
  return std::nullopt;
}

// Takes key=value and the space behind it from the front of line.
std::optional<Pair> take_pair(std::string_view& line) {
  const auto equals = line.find('=');
  if (equals == std::string_view::npos || equals == 0) return std::nullopt;
  const std::string_view key = line.substr(0, equals);
  if (!std::all_of(key.begin(), key.end(), is_key_character)) return std::nullopt;
  line.remove_prefix(equals + 1);
  const auto length = value_length(line);
  if (!length) return std::nullopt;
  const std::string_view value = line.substr(0, *length);
  line.remove_prefix(*length);
  if (line.starts_with(' ') && line.size() > 1) {
    line.remove_prefix(1);
  } else if (!line.empty()) {
    return std::nullopt;
  }
  return Pair{key, value};
}

bool is_printable(std::string_view line) {
  return std::all_of(line.begin(), line.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

bool is_own_key(std::string_view key) {
  static constexpr std::array<std::string_view, 5> keys{"time", "level", "msg", "role", "pid"};
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

}  // namespace

bool is_line_of(std::string_view line, std::string_view role, long pid) {
  static constexpr std::array<std::string_view, 3> head{"time", "level", "msg"};
  const std::string tail = " role=" + quote(role) + " pid=" + std::to_string(pid);
  if (!is_printable(line) || !line.ends_with(tail)) return false;
  line.remove_suffix(tail.size());
  for (const std::string_view key : head) {
    const auto pair = take_pair(line);
    if (!pair || pair->key != key) return false;
  }
  while (!line.empty()) {
    const auto pair = take_pair(line);
    if (!pair || is_own_key(pair->key)) return false;
  }
  return true;
}

}  // namespace bulkhead::runtime::log
