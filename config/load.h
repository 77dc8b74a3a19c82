// From YAML to a checked Config. Every error is found at once; none of these functions throws for
// bad input, logs, or prints. A secret never appears in a message.
//
// Files read: the configuration, the managed file, and what they name for the supervisor's eyes:
// `file:` secrets, proxy.tls.ca_file, match.domains_file. They are listed in
// LoadResult::files_read, for watching.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostic.h"
#include "config/model.h"

namespace bulkhead::config {

inline constexpr std::size_t max_file_size = 16 * 1024 * 1024;
inline constexpr std::size_t max_secret_size = 64 * 1024;

// A setting of the command line or the environment, stronger than the file:
// "server.http_port=9090". The value is YAML ("network.dns.servers=[127.0.0.1]"). Lists are
// replaced, not appended to; their elements have no names.
struct Override {
  std::string assignment;
  std::string source = "command line";  // what diagnostics carry in place of the file
};

struct LoadOptions {
  std::string
      file;  // empty: no file, the built-in defaults (overrides and managed file still apply)
  std::vector<Override> overrides;
  std::optional<std::string> managed_file;  // absent on disk is fine: nothing managed
  // What ${NAME} stands for. Unset function: the process environment.
  std::function<std::optional<std::string>(std::string_view)> environment;
};

struct LoadResult {
  std::shared_ptr<const Config> config;  // null when there is an error among the diagnostics
  std::vector<Diagnostic> diagnostics;   // in order of file, line and column
  std::vector<std::string> files_read;   // also those that should have been readable and were not
};

LoadResult load(const LoadOptions& options);

// As load(), with text in place of the contents of options.file. name is what diagnostics call it.
LoadResult load_text(std::string_view yaml, std::string_view name, const LoadOptions& options = {});

// Reads the keys of a user's limits over what limits holds; those that are not written stay. For
// what is kept elsewhere than in the configuration. limits is unchanged if there is an error.
std::vector<Diagnostic> read_user_limits(std::string_view yaml, UserLimits& limits);

// HTTP on 127.0.0.1:8080, SOCKS on 127.0.0.1:1080, the backend "direct" and the rule "Default"
// ("*").
std::shared_ptr<const Config> defaults();

// The whole configuration as YAML, defaults written out, secrets as "***". Loads again (save for
// the secrets).
std::string show(const Config& config);

}  // namespace bulkhead::config
