#include "supervisor/options.h"

#include <array>
#include <cstdlib>
#include <filesystem>
#include <unistd.h>

namespace bulkhead::supervisor {
namespace {

// An option that takes a value and is short for a setting of the file.
struct Shorthand {
  std::string_view option, key, meaning;
};
constexpr std::array shorthands{
    Shorthand{"--http-port", "server.http_port", "port of the HTTP proxy, 0 turns it off"},
    Shorthand{"--socks5-port", "server.socks5_port", "port of the SOCKS proxy, 0 turns it off"},
    Shorthand{"--mixed-port", "server.mixed_port", "port that serves both, 0 turns it off"},
    Shorthand{"--bind-address", "server.bind_address",
              "address to listen on; \"::\" is dual stack"},
    Shorthand{"--log-level", "server.log_level", "debug, info, warn or error"},
    Shorthand{"--acceptors", "workers.acceptors", "worker processes that serve clients, or auto"},
    Shorthand{"--sandbox", "sandbox", "auto, require or off"},
};

struct PathOption {
  std::string_view option;
  std::string Options::* member;
};
constexpr std::array path_options{
    PathOption{"--config", &Options::config_file},
    PathOption{"--runtime-dir", &Options::runtime_dir},
    PathOption{"--state-dir", &Options::state_dir},
    PathOption{"--libexec-dir", &Options::libexec_dir},
};

struct Flag {
  std::string_view option;
  void (*apply)(Options&);
};
constexpr std::array flags{
    Flag{"--fallback-defaults", [](Options& options) { options.fallback_defaults = true; }},
    Flag{"--check", [](Options& options) { options.action = Options::Action::check; }},
    Flag{"--self-check", [](Options& options) { options.action = Options::Action::self_check; }},
    Flag{"--help", [](Options& options) { options.action = Options::Action::help; }},
    Flag{"-h", [](Options& options) { options.action = Options::Action::help; }},
    Flag{"--version", [](Options& options) { options.action = Options::Action::version; }},
};

bool apply_flag(Options& options, std::string_view name) {
  for (const Flag& flag : flags) {
    if (flag.option != name) continue;
    flag.apply(options);
    return true;
  }
  return false;
}

void set(Options& options, std::string assignment, std::string_view source) {
  options.overrides.push_back({std::move(assignment), std::string(source)});
}

// False if there is no such option.
bool apply_value(Options& options, std::string_view name, const std::string& value) {
  for (const PathOption& path : path_options) {
    if (path.option != name) continue;
    options.*path.member = value;
    return true;
  }
  for (const Shorthand& shorthand : shorthands) {
    if (shorthand.option != name) continue;
    set(options, std::string(shorthand.key) + '=' + value, shorthand.option);
    return true;
  }
  if (name == "--set") set(options, value, "--set");
  return name == "--set";
}

bool takes_value(std::string_view name) {
  Options scratch;
  return apply_value(scratch, name, {});
}

}  // namespace

std::optional<std::string> process_environment(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::vector<std::string> whole_environment() {
  std::vector<std::string> all;
  for (char** each = environ; *each != nullptr; ++each) all.emplace_back(*each);
  return all;
}

tl::expected<Options, std::string> parse_options(const std::vector<std::string>& arguments,
                                                 const Environment& environment) {
  Options options;
  if (const auto level = environment("LOG_LEVEL"); level && !level->empty()) {
    set(options, "server.log_level=" + *level, "LOG_LEVEL of the environment");
  }
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (apply_flag(options, argument)) continue;
    const std::size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    if (!takes_value(name)) return tl::unexpected("unknown option " + argument + "; see --help");
    if (equals == std::string::npos && i + 1 == arguments.size()) {
      return tl::unexpected(name + " needs a value");
    }
    apply_value(options, name,
                equals == std::string::npos ? arguments[++i] : argument.substr(equals + 1));
  }
  return options;
}

std::string usage() {
  std::string text =
      "usage: bulkhead [OPTION]...\n"
      "Runs the proxy in the foreground; logs to standard error.\n\n"
      "  --config FILE         configuration; without it /etc/bulkhead/bulkhead.yaml (root) or\n"
      "                        ~/.config/bulkhead/bulkhead.yaml if it is there, else built-in "
      "defaults\n"
      "  --runtime-dir DIR     control socket and pid file\n"
      "  --state-dir DIR       what proxyctl adds and removes\n"
      "  --libexec-dir DIR     the worker programs\n"
      "  --fallback-defaults   with an invalid configuration run the built-in defaults: on "
      "loopback,\n"
      "                        unless the settings below say otherwise\n"
      "  --check               check the configuration and exit\n"
      "  --self-check          start each worker once, without serving, and exit; what an upgrade "
      "asks\n"
      "                        of the new program first\n"
      "  --version, --help\n\n"
      "Settings, stronger than LOG_LEVEL of the environment, which is stronger than the file:\n"
      "  --set KEY=VALUE       any setting, like network.timeouts.idle=2m; may be repeated\n";
  for (const Shorthand& shorthand : shorthands) {
    std::string line = "  " + std::string(shorthand.option) + " VALUE";
    line.resize(24, ' ');
    text += line + std::string(shorthand.meaning) + '\n';
  }
  return text +
         "\nSignals: HUP reloads, USR1 reopens the access log, USR2 upgrades in place, TERM and "
         "INT drain and exit (twice: "
         "at once).\n"
         "Exit codes: 0 stopped in order, 1 cannot start, 2 wrong usage, 78 invalid "
         "configuration.\n";
}

std::string find_config_file(bool root, const Environment& environment) {
  std::filesystem::path folder = "/etc";
  if (!root) {
    const auto xdg = environment("XDG_CONFIG_HOME");
    const auto home = environment("HOME");
    if (xdg && !xdg->empty()) {
      folder = *xdg;
    } else if (home && !home->empty()) {
      folder = std::filesystem::path(*home) / ".config";
    } else {
      return {};
    }
  }
  const std::filesystem::path file = folder / "bulkhead" / "bulkhead.yaml";
  std::error_code ignored;
  return std::filesystem::exists(file, ignored) ? file.string() : std::string();
}

}  // namespace bulkhead::supervisor
