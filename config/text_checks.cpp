// What a single text must look like.
#include <algorithm>
#include <array>

#include "config/describe.h"
#include "config/text.h"

namespace bulkhead::config {

std::string check_not_empty(std::string_view text) {
  return text.empty() ? "must not be empty" : "";
}

std::string check_name(std::string_view text) {
  constexpr std::size_t longest = 64;
  if (text.empty() || text.size() > longest) return "must be a name of 1 to 64 bytes";
  return "";
}

std::string check_http_url(std::string_view text) {
  constexpr std::array<std::string_view, 2> schemes = {"http", "https"};
  return is_url(text, schemes) ? "" : "expected an http:// or https:// URL";
}

std::string check_ldap_url(std::string_view text) {
  constexpr std::array<std::string_view, 2> schemes = {"ldap", "ldaps"};
  return is_url(text, schemes) ? "" : "expected an ldap:// or ldaps:// URL";
}

namespace {

std::string check_filter_with(std::string_view text, std::string_view place_holder) {
  const std::string name(place_holder);
  const std::size_t place = text.find(place_holder);
  if (place == std::string_view::npos) return "must hold " + name + ", where the name goes";
  if (text.find('%', place + 1) != std::string_view::npos || text.find('%') != place)
    return "must hold % only in one " + name;
  if (!text.starts_with('(') || !text.ends_with(')') ||
      std::count(text.begin(), text.end(), '(') != std::count(text.begin(), text.end(), ')'))
    return "must be an LDAP filter in balanced parentheses";
  return "";
}

}  // namespace

std::string check_filter(std::string_view text) {
  return check_filter_with(text, "%s");
}

std::string check_group_filter(std::string_view text) {
  return check_filter_with(text, text.find("%u") == std::string_view::npos ? "%s" : "%u");
}

std::string check_password_hash(std::string_view text) {
  constexpr std::array<std::string_view, 9> prefixes = {"$2a$", "$2b$", "$2y$", "$y$",       "$gy$",
                                                        "$6$",  "$5$",  "$7$",  "$argon2id$"};
  const bool known = std::any_of(prefixes.begin(), prefixes.end(),
                                 [&](std::string_view prefix) { return text.starts_with(prefix); });
  return known ? ""
               : "must be a bcrypt ($2b$), yescrypt ($y$), sha512-crypt ($6$) or argon2id "
                 "($argon2id$) hash, not a "
                 "password";
}

std::string check_user_name(std::string_view text) {
  if (text.find(':') != std::string_view::npos) return "must not hold a colon (RFC 7617)";
  return check_name(text);
}

std::string check_realm(std::string_view text) {
  const bool good =
      !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
        return c >= ' ' && c <= '~' && c != '"' && c != '\\';
      });
  return good ? "" : "must be 1 to 64 printable ASCII characters without quotes and backslashes";
}

std::string check_store_url(std::string_view text) {
  const bool good =
      text.empty() || text.starts_with("postgresql://") || text.starts_with("postgres://");
  return good ? "" : "must be a postgresql:// URL, or empty for SQLite in the state directory";
}

std::string check_token(std::string_view text) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  const bool good =
      !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               marks.find(c) != std::string_view::npos;
      });
  return good ? "" : "must be an HTTP token: letters, digits and -._ without spaces";
}

std::string check_url_path(std::string_view text) {
  const bool good = text.starts_with('/') && text.find_first_of(" ?#") == std::string_view::npos;
  return good ? "" : "must be a path that begins with /";
}

}  // namespace bulkhead::config
