// Throws octets at the parser of Proxy-Authorization. What it accepts lies inside the value or the
// buffer, and a Basic value is exactly what encoding its name and password gives: no two values
// mean the same credential.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "wire/authorization/authorization.h"

namespace {

using namespace bulkhead::wire::authorization;

void require(bool holds) {
  if (!holds) std::abort();
}

bool is_inside(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

std::string encode(std::string_view clear) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t at = 0; at < clear.size(); at += 3) {
    std::uint32_t bits = 0;
    for (std::size_t each = 0; each < 3; ++each)
      bits = bits << 8U |
             (at + each < clear.size() ? static_cast<unsigned char>(clear[at + each]) : 0U);
    for (std::size_t each = 0; each < 4; ++each)
      out.push_back(at + each > clear.size() ? '=' : digits[bits >> (18 - 6 * each) & 63U]);
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string value(reinterpret_cast<const char*>(data), size);
  std::vector<char> buffer(max_decoded);
  const auto result = parse(value, buffer);
  if (const auto* error = std::get_if<Error>(&result)) {
    require(!to_string(*error).empty());
    return 0;
  }
  const auto& presented = std::get<Presented>(result);
  require(value.size() <= max_value);
  if (presented.scheme == Scheme::bearer) {
    require(presented.user.empty() && !presented.secret.empty());
    require(is_inside(presented.secret, value) && value.ends_with(presented.secret));
    return 0;
  }
  const std::string_view decoded(buffer.data(), buffer.size());
  require(is_inside(presented.user, decoded) && is_inside(presented.secret, decoded));
  require(!presented.user.empty() && presented.user.find(':') == std::string_view::npos);
  const std::string clear = std::string(presented.user) + ':' + std::string(presented.secret);
  require(value.ends_with(' ' + encode(clear)));
  return 0;
}
