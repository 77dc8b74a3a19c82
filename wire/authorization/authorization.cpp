#include "wire/authorization/authorization.h"

#include <algorithm>
#include <array>

namespace bulkhead::wire::authorization {
namespace {

constexpr std::string_view digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t no_digit = 0xff;

constexpr std::array<std::uint8_t, 256> make_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(no_digit);
  for (std::size_t each = 0; each < digits.size(); ++each)
    values[static_cast<unsigned char>(digits[each])] = static_cast<std::uint8_t>(each);
  return values;
}
constexpr auto values = make_values();

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_scheme(std::string_view text, std::string_view scheme) {
  return std::equal(text.begin(), text.end(), scheme.begin(), scheme.end(),
                    [](char left, char right) { return lower(left) == right; });
}

bool is_token68(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return values[static_cast<unsigned char>(c)] != no_digit || c == '-' || c == '.' || c == '_' ||
           c == '~';
  });
}

// Four digits, of which `meant` count. False for a foreign character and for bits that are set but
// do not count: they would make two texts of one value.
bool decode_group(std::string_view group, std::size_t meant, char*& out) {
  std::uint32_t bits = 0;
  for (std::size_t each = 0; each < 4; ++each) {
    const std::uint8_t value =
        each < meant ? values[static_cast<unsigned char>(group[each])] : std::uint8_t{0};
    if (value == no_digit) return false;
    bits = bits << 6U | value;
  }
  const std::size_t octets = meant - 1;
  const std::uint32_t unused = (std::uint32_t{1} << (8 * (3 - octets))) - 1;
  if ((bits & unused) != 0) return false;
  for (std::size_t each = 0; each < octets; ++each)
    *out++ = static_cast<char>(static_cast<unsigned char>(bits >> (16 - 8 * each)));
  return true;
}

// The decoded length, or nothing.
bool decode_base64(std::string_view text, std::span<char> into, std::size_t& length) {
  if (text.empty() || text.size() % 4 != 0 || text.size() / 4 * 3 > into.size()) return false;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  char* out = into.data();
  for (std::size_t at = 0; at < text.size(); at += 4) {
    const bool last = at + 4 == text.size();
    if (!decode_group(text.substr(at, 4), last ? 4 - padding : 4, out)) return false;
  }
  length = static_cast<std::size_t>(out - into.data());
  return true;
}

std::variant<Presented, Error> parse_basic(std::string_view token, std::span<char> decoded) {
  std::size_t length = 0;
  if (!decode_base64(token, decoded, length)) return Error::malformed_base64;
  const std::string_view text(decoded.data(), length);
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return Error::no_colon;
  if (colon == 0) return Error::empty_user;
  return Presented{Scheme::basic, text.substr(0, colon), text.substr(colon + 1)};
}

}  // namespace

std::variant<Presented, Error> parse(std::string_view value, std::span<char> decoded) {
  if (value.empty()) return Error::empty;
  if (value.size() > max_value) return Error::too_long;
  const std::size_t space = value.find(' ');
  const std::string_view scheme = value.substr(0, space);
  const bool basic = is_scheme(scheme, "basic");
  if (!basic && !is_scheme(scheme, "bearer")) return Error::unknown_scheme;
  const std::size_t start = value.find_first_not_of(' ', scheme.size());
  if (start == std::string_view::npos) return Error::malformed_token;
  const std::string_view token = value.substr(start);
  if (!is_token68(token)) return Error::malformed_token;
  if (basic) return parse_basic(token, decoded);
  return Presented{Scheme::bearer, {}, token};
}

std::string_view to_string(Error error) {
  switch (error) {
    case Error::empty:
      return "empty";
    case Error::too_long:
      return "too_long";
    case Error::unknown_scheme:
      return "unknown_scheme";
    case Error::malformed_token:
      return "malformed_token";
    case Error::malformed_base64:
      return "malformed_base64";
    case Error::no_colon:
      return "no_colon";
    case Error::empty_user:
      break;
  }
  return "empty_user";
}

std::string basic_challenge(std::string_view realm) {
  return "Basic realm=\"" + std::string(realm) + "\", charset=\"UTF-8\"";
}

std::string bearer_challenge(std::string_view realm, bool token_was_refused) {
  std::string challenge = "Bearer realm=\"" + std::string(realm) + '"';
  if (token_was_refused) challenge += ", error=\"invalid_token\"";
  return challenge;
}

}  // namespace bulkhead::wire::authorization
