// The groups of commands. Each adds its sub-commands; parsing one of them sets session.command.
// Session must outlive the App. The type names BACKEND, RULE, FILE and DIR of options say what
// shell completion offers for them.
#pragma once

#include <CLI/CLI.hpp>
#include <utility>

#include "proxyctl/session.h"

namespace bulkhead::proxyctl {

void add_server_commands(CLI::App& app, Session& session);  // status, logs, stop, version
void add_config_commands(CLI::App& app, Session& session);
void add_backend_commands(CLI::App& app, Session& session);
void add_rule_commands(CLI::App& app, Session& session);
void add_connection_commands(CLI::App& app, Session& session);
void add_ban_commands(CLI::App& app, Session& session);
void add_top_command(CLI::App& app, Session& session);
void add_crash_commands(CLI::App& app, Session& session);
void add_user_commands(CLI::App& app, Session& session);         // user, with these three below it:
void add_user_limit_commands(CLI::App& user, Session& session);  // limits, usage
void add_user_token_commands(CLI::App& user, Session& session);  // token
void add_user_lockout_commands(CLI::App& user, Session& session);  // lockouts, unlock
void add_auth_commands(CLI::App& app, Session& session);
void add_store_commands(CLI::App& app, Session& session);
void add_audit_commands(CLI::App& app, Session& session);  // audit
void add_secret_commands(CLI::App& app, Session& session);
void add_completion_command(CLI::App& app, Session& session);
void add_start_command(CLI::App& app, Session& session);

ExitCode print_version(const Session& session);

// A leaf: `run` is what the command does.
template <typename Run>
CLI::App* add_command(CLI::App& parent, Session& session, const char* name, const char* description,
                      Run run) {
  CLI::App* command = parent.add_subcommand(name, description);
  command->callback([&session, run = std::move(run)] { session.command = run; });
  return command;
}

// A leaf that asks the daemon a question without arguments and is told that it was done.
inline CLI::App* add_acknowledged(CLI::App& parent, Session& session, const char* name,
                                  const char* description, proto::CommandName question) {
  return add_command(parent, session, name, description,
                     [&session, question] { return ask_and_acknowledge(session, {question, {}}); });
}

inline CLI::Option* add_user_option(CLI::App& command, std::string& user) {
  return command.add_option("--username,--name,username", user, "The user's name")
      ->type_name("USER");
}

// A leaf about something that is named, with --name N or as the first argument.
inline CLI::App* add_named(CLI::App& parent, Session& session, const char* name,
                           const char* description, const char* kind, proto::CommandName question) {
  auto chosen = std::make_shared<std::string>();
  CLI::App* command = add_command(parent, session, name, description, [&session, question, chosen] {
    return ask_and_acknowledge(session, {question, {*chosen}});
  });
  command->add_option("--name,name", *chosen, "Its name")->required()->type_name(kind);
  return command;
}

}  // namespace bulkhead::proxyctl
