#include "workers/auth/method/ldap/filter.h"

namespace bulkhead::auth {

std::string escape_filter_value(std::string_view value) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(value.size() * 3);
  for (const char c : value) {
    const auto octet = static_cast<unsigned char>(c);
    const bool plain = octet > ' ' && octet < 0x7f && c != '(' && c != ')' && c != '*' &&
                       c != '\\' && c != '&' && c != '|' && c != '!' && c != '<' && c != '>' &&
                       c != '~' && c != '%';
    if (plain) {
      out += c;
    } else {
      out += '\\';
      out += digits[octet >> 4U];
      out += digits[octet & 15U];
    }
  }
  return out;
}

std::string fill_filter(std::string_view filter, std::string_view s, std::string_view u) {
  std::string out;
  for (std::size_t at = 0; at < filter.size(); ++at) {
    const std::string_view here = filter.substr(at, 2);
    if (here == "%s" || here == "%u") {
      out += escape_filter_value(here == "%s" ? s : u);
      ++at;
    } else {
      out += filter[at];
    }
  }
  return out;
}

std::string any_of_filters(const std::vector<std::string>& filters) {
  if (filters.size() == 1) return filters.front();
  std::string out = "(|";
  for (const std::string& filter : filters) out += filter;
  return out + ')';
}

std::string compared_attribute(std::string_view filter) {
  const std::size_t place = filter.find("%s");
  if (place == std::string_view::npos) return {};
  const std::size_t open = filter.rfind('(', place);
  if (open == std::string_view::npos) return {};
  const std::string_view item = filter.substr(open + 1, place - open - 1);
  return std::string(item.substr(0, item.find_first_of("=:;<>~")));
}

}  // namespace bulkhead::auth
