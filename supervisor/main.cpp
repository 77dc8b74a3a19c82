// bulkhead: reads the command line and the configuration, takes its directories, and becomes the
// supervisor.
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include "platform/identity.h"
#include "runtime/log.h"
#include "supervisor/directories.h"
#include "supervisor/fallback.h"
#include "supervisor/instance_lock.h"
#include "supervisor/options.h"
#include "supervisor/supervisor.h"
#include "supervisor/upgrade/self_check.h"
#include "supervisor/upgrade/state.h"

namespace bulkhead::supervisor {
namespace {

namespace log = runtime::log;

constexpr int exit_usage = 2;
constexpr int exit_configuration = 78;

void print(std::FILE* where, const std::string& text) {
  std::fputs(text.c_str(), where);
}

void print_diagnostics(const std::vector<config::Diagnostic>& diagnostics) {
  for (const auto& diagnostic : diagnostics) print(stderr, to_string(diagnostic) + '\n');
}

std::string join(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

// The real path of this program; links in bin directories are followed.
std::string executable_path(const char* argv0) {
  std::error_code error;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? std::string(argv0) : path.string();
}

void log_fallback(const std::string& file, const Fallback& fallback) {
  log::error("the configuration is invalid, running the built-in defaults",
             {{"file", file},
              {"listening", places(*fallback.loaded.config)},
              {"from_command_line", join(fallback.kept)}});
  if (!fallback.dropped.empty()) {
    log::error("settings of the command line do not go with the built-in defaults and are left out",
               {{"settings", join(fallback.dropped)}});
  }
}

// With --fallback-defaults an invalid configuration is replaced by the safe one; without, the
// result has no config.
config::LoadResult load(const Options& options, const config::LoadOptions& load_options,
                        std::vector<std::string>& notices) {
  config::LoadResult loaded = config::load(load_options);
  if (loaded.config || !options.fallback_defaults) return loaded;
  for (const auto& diagnostic : loaded.diagnostics) {
    log::error("configuration", {{"problem", to_string(diagnostic)}});
  }
  Fallback fallback = load_fallback(load_options);
  notices.push_back("the configuration is invalid: the built-in defaults are in force");
  if (!fallback.dropped.empty())
    notices.push_back("left out of the command line: " + join(fallback.dropped));
  log_fallback(load_options.file, fallback);
  return std::move(fallback.loaded);
}

config::LoadOptions load_options_of(const Options& options, const Directories& directories,
                                    bool root) {
  config::LoadOptions load_options;
  load_options.file = options.config_file.empty() ? find_config_file(root) : options.config_file;
  load_options.overrides = options.overrides;
  load_options.managed_file = directories.managed_file();
  return load_options;
}

int check(const config::LoadOptions& load_options) {
  const config::LoadResult loaded = config::load(load_options);
  print_diagnostics(loaded.diagnostics);
  if (!loaded.config) return exit_configuration;
  print(stdout, (load_options.file.empty() ? std::string("built-in defaults") : load_options.file) +
                    ": valid\n");
  return 0;
}

void log_start(const Supervisor::Start& start) {
  for (const auto& diagnostic : start.loaded.diagnostics) {
    log::warn("configuration", {{"problem", to_string(diagnostic)}});
  }
  const std::string& file = start.load_options.file;
  log::info("starting", {{"version", BULKHEAD_VERSION},
                         {"config", file.empty() ? std::string("built-in defaults") : file},
                         {"runtime_dir", start.directories.runtime},
                         {"state_dir", start.directories.state}});
  if (!start.root) log::info("rootless: workers run as this user, with fewer walls between them");
}

// How to be called again: by the path that was written, so that a link that leads to another
// version by then is followed.
std::string own_path(const char* argv0) {
  std::error_code error;
  const std::filesystem::path written(argv0);
  if (written.has_parent_path()) return std::filesystem::absolute(written, error).string();
  return executable_path(argv0);
}

struct Call {
  std::string program;
  std::vector<std::string> arguments;
  Inheritance inherited;
};

std::unique_ptr<InstanceLock> take_lock(const Directories& directories,
                                        const std::optional<DaemonState>& inherited) {
  if (inherited) {
    return std::make_unique<InstanceLock>(directories.pid_file(),
                                          platform::UniqueFd(inherited->lock));
  }
  return std::make_unique<InstanceLock>(directories.pid_file());
}

// What can still be given back when it fails: nothing of what was inherited is in use yet.
platform::SignalSet prepare_process(const Directories& directories, bool root,
                                    const Supervisor::Start& start) {
  try {
    create_directories(directories, root);
    auto signals = platform::SignalSet::create({SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2});
    if (!signals) throw std::runtime_error(signals.error().to_string());
    return std::move(*signals);
  } catch (const std::exception& error) {
    if (start.inherited && start.inherited->problem.value.empty())
      give_back(*start.inherited, error.what(), start.arguments);
    throw;
  }
}

int supervise(const Options& options, const Directories& directories, bool root, Call call) {
  Supervisor::Start start;
  start.root = root;
  start.program = std::move(call.program);
  start.arguments = std::move(call.arguments);
  if (call.inherited) {
    if (!*call.inherited) throw std::runtime_error(call.inherited->error());
    start.inherited = std::move(**call.inherited);
  }
  start.directories = directories;
  start.load_options = load_options_of(options, directories, root);
  start.loaded = load(options, start.load_options, start.notices);
  if (!start.loaded.config) {
    print_diagnostics(start.loaded.diagnostics);
    if (start.inherited && start.inherited->problem.value.empty())
      give_back(*start.inherited, "the configuration has errors", start.arguments);
    return exit_configuration;
  }
  log::set_level(static_cast<log::Level>(start.loaded.config->server.log_level));
  platform::SignalSet signals = prepare_process(directories, root, start);
  const auto lock = take_lock(directories, start.inherited);
  start.lock = lock->descriptor();
  log_start(start);
  runtime::Loop loop;
  auto notifier = start.inherited && start.inherited->notifier >= 0
                      ? platform::ServiceNotifier::from_descriptor(
                            platform::UniqueFd(start.inherited->notifier))
                      : platform::ServiceNotifier::from_environment();
  Supervisor supervisor(std::move(start), std::move(signals), std::move(notifier));
  return supervisor.run();
}

int run(const std::vector<std::string>& arguments, const char* argv0) {
  Call call{own_path(argv0), arguments, take_state()};
  const auto options = parse_options(arguments);
  if (!options) {
    print(stderr, "bulkhead: " + options.error() + '\n');
    return exit_usage;
  }
  const bool root = platform::is_root();
  const Directories directories = choose_directories(*options, root, executable_path(argv0));
  switch (options->action) {
    case Options::Action::help:
      print(stdout, usage());
      return 0;
    case Options::Action::version:
      print(stdout, "bulkhead " BULKHEAD_VERSION "\n");
      return 0;
    case Options::Action::check:
      return check(load_options_of(*options, directories, root));
    case Options::Action::self_check:
      return run_self_check(load_options_of(*options, directories, root), directories,
                            call.inherited);
    case Options::Action::run:
      break;
  }
  return supervise(*options, directories, root, std::move(call));
}

}  // namespace
}  // namespace bulkhead::supervisor

int main(int argc, char** argv) {
  using namespace bulkhead;
  runtime::log::start("supervisor", runtime::log::Level::info);
  platform::ignore_broken_pipe();
  try {
    return supervisor::run(std::vector<std::string>(argv + 1, argv + argc), argv[0]);
  } catch (const std::exception& error) {
    runtime::log::error("cannot start", {{"reason", error.what()}});
    return 1;
  }
}
