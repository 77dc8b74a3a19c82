#include "workers/auth/method/ldap/distinguished_name.h"

#include <algorithm>
#include <ldap.h>
#include <memory>
#include <vector>

namespace bulkhead::auth {
namespace {

struct Free {
  void operator()(LDAPRDN* dn) const { ldap_dnfree(dn); }
};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// caseIgnoreMatch, RFC 4518 section 2.6.1: no spaces at the ends, one between words.
std::string folded(const berval& value) {
  std::string out;
  for (ber_len_t each = 0; each < value.bv_len; ++each) {
    const char c = lower(value.bv_val[each]);
    if (c == ' ' && (out.empty() || out.back() == ' ')) continue;
    out += c;
  }
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

// Lengths instead of escapes: no value can look like two.
void append(std::string& out, const std::string& text) {
  out += std::to_string(text.size());
  out += ':';
  out += text;
}

}  // namespace

std::string normalised_dn(std::string_view dn) {
  const berval input{dn.size(), const_cast<char*>(dn.data())};
  LDAPDN parsed = nullptr;
  if (dn.empty() ||
      ldap_bv2dn(const_cast<berval*>(&input), &parsed, LDAP_DN_FORMAT_LDAPV3) != LDAP_SUCCESS)
    return {};
  const std::unique_ptr<LDAPRDN, Free> owner(parsed);
  std::string out;
  for (LDAPRDN* rdn = parsed; rdn != nullptr && *rdn != nullptr; ++rdn) {
    std::vector<std::string> pairs;
    for (LDAPAVA** pair = *rdn; *pair != nullptr; ++pair) {
      std::string text;
      append(text, folded((*pair)->la_attr));
      append(text, folded((*pair)->la_value));
      pairs.push_back(std::move(text));
    }
    std::sort(pairs.begin(), pairs.end());
    for (const std::string& pair : pairs) out += pair + '+';
    out += ',';
  }
  return out;
}

bool is_dn(std::string_view text) {
  return text.find('=') != std::string_view::npos && !normalised_dn(text).empty();
}

}  // namespace bulkhead::auth
