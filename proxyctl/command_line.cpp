#include "proxyctl/command_line.h"

#include <filesystem>

#include "proxyctl/commands.h"
#include "proxyctl/places.h"

namespace bulkhead::proxyctl {
namespace {

constexpr const char* footer =
    "Exit codes: 0 ok, 1 failed, 2 usage, 3 no daemon, 4 permission denied, 78 configuration "
    "invalid.";

void add_global_options(CLI::App& app, Session& session) {
  app.fallthrough();  // global options may stand anywhere
  app.add_option("--runtime-dir", session.runtime_directory, "Where the daemon's control socket is")
      ->type_name("DIR");
  app.add_flag("--json", session.json, "One JSON document instead of tables");
  app.add_option("--timeout", session.timeout_s, "Seconds to wait for the whole answer")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.001, 86'400.0));
  app.set_help_flag("-h,--help", "Show this and exit");
}

void add_commands(CLI::App& app, Session& session, const std::string& program) {
  add_server_commands(app, session);
  add_config_commands(app, session);
  add_backend_commands(app, session);
  add_rule_commands(app, session);
  add_connection_commands(app, session);
  add_ban_commands(app, session);
  add_top_command(app, session);
  add_crash_commands(app, session);
  add_user_commands(app, session);
  add_auth_commands(app, session);
  add_store_commands(app, session);
  add_audit_commands(app, session);
  add_secret_commands(app, session);
  add_completion_command(app, session);
  if (program == "simple-proxy-server" || program == "simple-proxy-client")
    add_start_command(app, session);
}

int usage_error(const CLI::App& app, const CLI::ParseError& error, std::ostream& out,
                std::ostream& err) {
  if (error.get_exit_code() == 0) {
    out << app.help();
    return static_cast<int>(ExitCode::ok);
  }
  err << "proxyctl: " << error.what() << "\nRun with --help for more.\n";
  return static_cast<int>(ExitCode::usage);
}

}  // namespace

int run_command_line(const std::vector<std::string>& arguments, std::ostream& out,
                     std::ostream& err, bool out_is_terminal) {
  const std::string program =
      arguments.empty() ? "proxyctl" : std::filesystem::path(arguments.front()).filename().string();
  Session session{out, err, out_is_terminal, default_runtime_directory(), false, 30, {}};
  CLI::App app("Controls a running bulkhead.", program);
  app.footer(footer);
  add_global_options(app, session);
  add_commands(app, session, program);
  app.require_subcommand(1);
  // CLI11 takes them last first, and without the program's name.
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  if (!reversed.empty()) reversed.pop_back();
  try {
    app.parse(std::move(reversed));
  } catch (const CLI::ParseError& error) {
    return usage_error(app, error, out, err);
  }
  return static_cast<int>(session.command());
}

}  // namespace bulkhead::proxyctl
