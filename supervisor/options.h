// What the command line and the environment say. Settings among them become overrides of the
// configuration file, in rising strength: file, LOG_LEVEL of the environment, command line (later
// beats earlier).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "config/load.h"

namespace bulkhead::supervisor {

struct Options {
  enum class Action { run, check, self_check, help, version };

  Action action = Action::run;
  std::string config_file;                          // empty: find_config_file() decides
  std::string runtime_dir, state_dir, libexec_dir;  // empty: the usual places
  bool fallback_defaults = false;
  std::vector<config::Override> overrides;
};

using Environment = std::function<std::optional<std::string>(std::string_view)>;
std::optional<std::string> process_environment(std::string_view name);
// All of it, "NAME=value".
std::vector<std::string> whole_environment();

// arguments: without argv[0]. The error is one line for a person.
tl::expected<Options, std::string> parse_options(
    const std::vector<std::string>& arguments,
    const Environment& environment = process_environment);

std::string usage();

// Without --config: /etc/bulkhead/bulkhead.yaml for root, $XDG_CONFIG_HOME/bulkhead/bulkhead.yaml
// (~/.config without it) for anybody else, if it is there; else empty, which means the built-in
// defaults.
std::string find_config_file(bool root, const Environment& environment = process_environment);

}  // namespace bulkhead::supervisor
