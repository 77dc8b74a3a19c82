#include <algorithm>
#include <filesystem>

#include "proxyctl/commands.h"
#include "proxyctl/views.h"

namespace bulkhead::proxyctl {
ExitCode print_version(const Session& session) {
  if (!session.json) {
    session.out << "proxyctl " BULKHEAD_VERSION "\n";
    return ExitCode::ok;
  }
  JsonWriter json(session.out);
  json.begin_object();
  json.member("version", BULKHEAD_VERSION);
  json.member("protocol_version", proto::protocol_version);
  json.end_object();
  return ExitCode::ok;
}

namespace {

// The new program starts each of its workers before it takes over: longer than other commands.
constexpr double upgrade_timeout_s = 120;

void add_upgrade_command(CLI::App& app, Session& session) {
  auto program = std::make_shared<std::string>();
  CLI::App* command =
      add_command(app, session, "upgrade",
                  "Replace the running program in place, connections go on", [&session, program] {
                    session.timeout_s = std::max(session.timeout_s, upgrade_timeout_s);
                    const std::string path =
                        program->empty() ? *program : std::filesystem::absolute(*program).string();
                    return ask_and_acknowledge(session, {proto::CommandName::upgrade, {path}});
                  });
  command
      ->add_option("program", *program, "The new program; its own file, as it is now, by default")
      ->type_name("FILE");
}

}  // namespace

void add_server_commands(CLI::App& app, Session& session) {
  using enum proto::CommandName;
  add_command(app, session, "status", "The daemon, its workers, their sandboxes, its listeners",
              [&session] {
                return ask_and_show(session, {status, {}}, [&session](const Answer& answer) {
                  show_status(session, answer);
                });
              });
  add_command(app, session, "stats", "What was carried and refused, and how fast", [&session] {
    return ask_and_show(session, {stats, {}},
                        [&session](const Answer& answer) { show_stats(session, answer); });
  });
  CLI::App* logs = app.add_subcommand("logs", "Log files")->require_subcommand(1);
  add_acknowledged(*logs, session, "reopen", "Open the access log anew, after it was moved away",
                   reopen_logs);
  add_acknowledged(app, session, "stop", "Stop accepting, let connections finish, exit", stop);
  add_upgrade_command(app, session);
  add_command(app, session, "version", "The version of this program",
              [&session] { return print_version(session); });
}

}  // namespace bulkhead::proxyctl
