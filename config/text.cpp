// Words: what may be text at all, what was probably meant, and how text is quoted.
#include "config/text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <vector>

#include "wire/utf8.h"

namespace bulkhead::config {
namespace {

bool is_control(unsigned char c) {
  return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Damerau-Levenshtein with adjacent transpositions, both at most 64 bytes.
std::size_t distance(std::string_view from, std::string_view to) {
  constexpr std::size_t bound = 65;
  std::array<std::array<std::size_t, bound>, bound> cost{};
  for (std::size_t i = 0; i <= from.size(); ++i) cost[i][0] = i;
  for (std::size_t j = 0; j <= to.size(); ++j) cost[0][j] = j;
  for (std::size_t i = 1; i <= from.size(); ++i) {
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t change = lower(from[i - 1]) == lower(to[j - 1]) ? 0 : 1;
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + change});
      if (i > 1 && j > 1 && lower(from[i - 1]) == lower(to[j - 2]) &&
          lower(from[i - 2]) == lower(to[j - 1]))
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[from.size()][to.size()];
}

void append_escape(std::string& out, unsigned char c) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += "\\u00";
  out += digits[c >> 4];
  out += digits[c & 15];
}

// A word that YAML 1.1 or 1.2 reads as text, wherever it stands, and that is no number, boolean or
// null.
bool is_plain(std::string_view text) {
  if (text.empty() || text.size() > 200) return false;
  const auto word = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (!word(text.front()) && text.front() != '/') return false;
  for (const char c : text)
    if (!word(c) && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' && c != '/')
      return false;
  constexpr std::array<std::string_view, 10> taken = {"true", "false", "null", "yes", "no",
                                                      "on",   "off",   "y",    "n",   "nan"};
  return std::none_of(taken.begin(), taken.end(), [&](std::string_view reserved) {
    return reserved.size() == text.size() &&
           std::equal(text.begin(), text.end(), reserved.begin(),
                      [](char a, char b) { return lower(a) == b; });
  });
}

}  // namespace

std::size_t first_bad_text(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = wire::utf8_length(text.substr(at));
    if (length == 0 || is_control(static_cast<unsigned char>(text[at]))) return at;
    at += length;
  }
  return std::string_view::npos;
}

std::string printable(std::string_view text) {
  constexpr std::size_t limit = 80;
  std::string out;
  for (std::size_t at = 0; at < text.size() && out.size() < limit;) {
    const std::size_t length = wire::utf8_length(text.substr(at));
    const auto c = static_cast<unsigned char>(text[at]);
    if (length == 0 || c < 0x20 || c == 0x7f)
      out += '?';
    else
      out += text.substr(at, length);
    at += std::max<std::size_t>(length, 1);
    if (out.size() >= limit && at < text.size()) out += "...";
  }
  return out;
}

std::string_view nearest(std::string_view written, std::span<const std::string_view> candidates) {
  constexpr std::size_t longest = 64;
  if (written.empty() || written.size() > longest) return {};
  std::string_view best;
  // Of a word of one or two letters nothing is left once one is wrong.
  std::size_t best_distance =
      (written.size() < 3 ? 0 : std::max<std::size_t>(1, written.size() / 3)) + 1;
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > longest) continue;
    const std::size_t here = distance(written, candidate);
    if (here < best_distance) {
      best = candidate;
      best_distance = here;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view written, std::span<const std::string_view> candidates) {
  const std::string_view found = nearest(written, candidates);
  if (found.empty()) return {};
  return "did you mean \"" + printable(found) + "\"?";
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      append_escape(out, byte);
    } else {
      out += c;
    }
  }
  return out += '"';
}

std::string yaml_scalar(std::string_view text) {
  return is_plain(text) ? std::string(text) : json_string(text);
}

}  // namespace bulkhead::config
