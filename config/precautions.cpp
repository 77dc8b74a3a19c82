#include "config/precautions.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bulkhead::config {
namespace {

// Credentials of clients and parents. The setting adds to these, so that naming a header of one's
// own never lays others bare.
constexpr std::array always_masked{
    "Authorization",       "Proxy-Authorization",      "Cookie",
    "Set-Cookie",          "WWW-Authenticate",         "Proxy-Authenticate",
    "Authentication-Info", "Proxy-Authentication-Info"};

std::string octal(mode_t mode) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "%04o", static_cast<unsigned>(mode));
  return text.data();
}

}  // namespace

void add_always_masked(AccessLog& log) {
  std::vector<std::string> all(always_masked.begin(), always_masked.end());
  for (std::string& written : log.mask_headers) {
    const auto is_it = [&](const std::string& one) {
      return ::strcasecmp(one.c_str(), written.c_str()) == 0;
    };
    if (std::none_of(all.begin(), all.end(), is_it)) all.push_back(std::move(written));
  }
  log.mask_headers = std::move(all);
}

void warn_of_writers(Reader& reader, unsigned source, const std::string& file) {
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  const auto warn = [&](std::string message, std::string hint) {
    reader.report(Severity::warning, {source, 0, 0}, {}, std::move(message), std::move(hint));
  };
  if ((status.st_mode & S_IWOTH) != 0)
    warn("may be written by everybody (mode " + octal(status.st_mode & 07777) + ')',
         "chmod o-w takes that away");
  if (status.st_uid != 0 && status.st_uid != ::geteuid())
    warn("belongs to user " + std::to_string(status.st_uid) + ", who may change it at any time",
         "it should belong to root or to the user that bulkhead runs as");
}

}  // namespace bulkhead::config
