#include <cerrno>
#include <cstring>
#include <unistd.h>

#include "proxyctl/commands.h"
#include "proxyctl/places.h"

namespace bulkhead::proxyctl {
namespace {

// Becomes the daemon; returns only if that failed.
ExitCode start(const Session& session, const std::string& config) {
  const std::string program = daemon_program();
  std::vector<std::string> arguments{program, "--runtime-dir", session.runtime_directory};
  if (!config.empty()) arguments.insert(arguments.end(), {"--config", config});
  std::vector<char*> pointers;
  pointers.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  ::execv(program.c_str(), pointers.data());
  return fail(session, {ExitCode::failed, "cannot start " + program + ": " + std::strerror(errno)});
}

}  // namespace

void add_start_command(CLI::App& app, Session& session) {
  auto config = std::make_shared<std::string>();
  add_command(app, session, "start", "Start the daemon in the foreground",
              [&session, config] { return start(session, *config); })
      ->add_option("--config", *config,
                   "The configuration file; without it, safe defaults on loopback")
      ->type_name("FILE");
}

}  // namespace bulkhead::proxyctl
