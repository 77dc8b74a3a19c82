#include "proxyctl/command_line.h"

#include <algorithm>
#include <filesystem>

#include "config/text.h"
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
  app.set_version_flag("--version", "", "Show the version of this program and exit");
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

// The command whose words were understood last.
const CLI::App* chosen(const CLI::App* app) {
  for (const CLI::App* each : app->get_subcommands()) {
    if (!each->get_name().empty()) return chosen(each);
  }
  return app;
}

std::vector<std::string_view> commands_below(const CLI::App& app) {
  std::vector<std::string_view> names;
  for (const CLI::App* each : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!each->get_name().empty()) names.push_back(each->get_name());
  }
  return names;
}

// CLI11 asks for a sub-command before it says which word it took for none.
std::string complaint(const CLI::App& app, const CLI::ParseError& error) {
  const std::vector<std::string> unknown = app.remaining(true);
  if (unknown.empty()) return error.what();
  const std::string& word = unknown.front();
  const std::vector<std::string_view> names = commands_below(*chosen(&app));
  const bool option = word.starts_with('-');
  if (!option && names.empty()) return error.what();
  std::string text = (option ? "there is no option \"" : "there is no command \"") + word + '"';
  const std::string hint = option ? std::string() : config::did_you_mean(word, names);
  return hint.empty() ? text : text + ", " + hint;
}

int usage_error(const Session& session, const CLI::App& app, const CLI::ParseError& error) {
  if (dynamic_cast<const CLI::CallForVersion*>(&error) != nullptr)
    return static_cast<int>(print_version(session));
  if (error.get_exit_code() == 0) {
    session.out << app.help();
    return static_cast<int>(ExitCode::ok);
  }
  const Failure failure{ExitCode::usage, complaint(app, error)};
  fail(session, failure);
  session.err << "Run with --help for more.\n";
  return static_cast<int>(failure.code);
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
  const bool json = std::find(arguments.begin(), arguments.end(), "--json") != arguments.end();
  if (!reversed.empty()) reversed.pop_back();
  try {
    app.parse(std::move(reversed));
  } catch (const CLI::ParseError& error) {
    session.json = json;  // wherever it stands: parsing may have ended before it
    return usage_error(session, app, error);
  }
  return static_cast<int>(session.command());
}

}  // namespace bulkhead::proxyctl
