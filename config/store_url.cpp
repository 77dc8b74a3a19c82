#include "config/store_url.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace bulkhead::config {
namespace {

constexpr std::array<std::string_view, 6> file_parameters{"sslrootcert", "sslcert",   "sslkey",
                                                          "sslcrl",      "sslcrldir", "passfile"};

// RFC 3986 section 2.1; what is not well-formed stays as it is, and libpq will say so.
std::string percent_decoded(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    unsigned octet = 0;
    const char* digits = text.data() + 1;
    const bool escaped = text[0] == '%' && text.size() > 2 &&
                         std::from_chars(digits, digits + 2, octet, 16).ptr == digits + 2;
    out += escaped ? static_cast<char>(octet) : text[0];
    text.remove_prefix(escaped ? 3 : 1);
  }
  return out;
}

std::string_view before(std::string_view text, char separator) {
  return text.substr(0, std::min(text.find(separator), text.size()));
}

// Calls use(parameter) with each that names a file, as it is written.
template <typename Use>
void each_file_parameter(std::string_view url, Use use) {
  std::string_view query = url.substr(std::min(before(url, '?').size() + 1, url.size()));
  while (!query.empty()) {
    const std::string_view parameter = before(query, '&');
    const std::string name = percent_decoded(before(parameter, '='));
    if (std::find(file_parameters.begin(), file_parameters.end(), name) != file_parameters.end())
      use(parameter);
    query.remove_prefix(std::min(parameter.size() + 1, query.size()));
  }
}

}  // namespace

std::vector<std::string> files_of_store(std::string_view url) {
  std::vector<std::string> files;
  each_file_parameter(url, [&files](std::string_view parameter) {
    const std::size_t name = before(parameter, '=').size();
    std::string file = percent_decoded(parameter.substr(std::min(name + 1, parameter.size())));
    if (file.starts_with('/') && file.find('\0') == std::string::npos)
      files.push_back(std::move(file));
  });
  return files;
}

std::string files_alone(std::string_view url) {
  std::string text = "?";
  each_file_parameter(url, [&text](std::string_view parameter) {
    text += parameter;
    text += '&';
  });
  return text.size() == 1 ? std::string() : text;
}

}  // namespace bulkhead::config
