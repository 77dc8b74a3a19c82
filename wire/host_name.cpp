#include "wire/host_name.h"

#include <algorithm>
#include <idn2.h>
#include <memory>

#include "wire/address.h"

namespace bulkhead::wire {
namespace {

bool is_ascii(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; });
}

// In UTF-8 a name is longer than its A-labels; what is longer than this has none.
constexpr std::size_t max_unicode_bytes = 1024;

std::optional<std::string> convert(std::string_view host) {
  if (host.size() > max_unicode_bytes || host.find('\0') != std::string_view::npos)
    return std::nullopt;
  char* made = nullptr;
  const int status =
      idn2_to_ascii_8z(std::string(host).c_str(), &made, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
  const std::unique_ptr<char, void (*)(void*)> owner(made, idn2_free);
  // What only becomes an address in this way would pass by whoever looked for addresses before.
  if (status != IDN2_OK || IpAddress::parse(made)) return std::nullopt;
  return std::string(made);
}

}  // namespace

std::optional<std::string> to_ascii_name(std::string_view host) {
  std::optional<std::string> name = is_ascii(host) ? std::string(host) : convert(host);
  if (!name) return std::nullopt;
  std::transform(name->begin(), name->end(), name->begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (name->ends_with('.')) name->pop_back();
  if (!is_valid_host(*name)) return std::nullopt;
  return name;
}

bool is_within(std::string_view name, std::string_view domain) {
  if (!name.ends_with(domain)) return false;
  return name.size() == domain.size() || name[name.size() - domain.size() - 1] == '.';
}

}  // namespace bulkhead::wire
