// user add, remove, list, passwd, groups, enable, disable, logout.
#include "proxyctl/commands.h"
#include "proxyctl/password_input.h"
#include "proxyctl/terminal_text.h"
#include "proxyctl/views.h"

namespace bulkhead::proxyctl {
namespace {

using enum proto::AuthCommandName;

struct PasswordOptions {
  std::string user;
  bool generate = false;
  bool none = false;
  std::vector<std::string> groups;
};

// Shown once, on its own: {"ok", "message", "password"}, or the password on a line.
ExitCode ask_with_password(const Session& session, const AuthQuestion& question, bool generated) {
  const platform::Secret password = question.password;
  return ask_and_show(session, question, [&](const Answer& answer) {
    if (session.json) {
      JsonWriter json(session.out);
      json.begin_object();
      json.member("ok", true);
      json.member("message", answer.done.message.value);
      if (generated) json.member("password", password.reveal());
      json.end_object();
      return;
    }
    session.out << printable_lines(answer.done.message.value) << '\n';
    if (generated) session.out << "password: " << password.reveal() << '\n';
  });
}

ExitCode run_with_password(const Session& session, proto::AuthCommandName name,
                           const PasswordOptions& options) {
  AuthQuestion question{name, options.user, {}, options.groups};
  if (options.generate) {
    question.password = generate_password();
  } else if (!options.none) {
    auto password = read_password("Password for " + printable(options.user), true);
    if (!password) return fail(session, password.error());
    question.password = std::move(*password);
  }
  return ask_with_password(session, question, options.generate);
}

void add_password_commands(CLI::App& group, Session& session) {
  auto adding = std::make_shared<PasswordOptions>();
  CLI::App* add =
      add_command(group, session, "add", "Add a user; the password is asked for",
                  [&session, adding] { return run_with_password(session, user_add, *adding); });
  add_user_option(*add, adding->user)->required();
  add->add_option("--groups,--group", adding->groups, "Groups the user is in")
      ->delimiter(',')
      ->type_name("GROUP");
  auto* generate =
      add->add_flag("--generate", adding->generate, "Make a password and show it once");
  add->add_flag("--no-password", adding->none, "Only tokens will do")->excludes(generate);
  auto changing = std::make_shared<PasswordOptions>();
  CLI::App* passwd = add_command(
      group, session, "passwd", "Change a password; it is asked for",
      [&session, changing] { return run_with_password(session, user_password, *changing); });
  add_user_option(*passwd, changing->user)->required();
  passwd->add_flag("--generate", changing->generate, "Make a password and show it once");
}

void add_simple_command(CLI::App& group, Session& session, const char* name,
                        const char* description, proto::AuthCommandName question) {
  auto user = std::make_shared<std::string>();
  CLI::App* command = add_command(group, session, name, description, [&session, user, question] {
    return ask_and_acknowledge(session, AuthQuestion{question, *user, {}, {}});
  });
  add_user_option(*command, *user)->required();
}

struct GroupOptions {
  std::string user;
  std::vector<std::string> add, remove;
};

ExitCode change_groups(const Session& session, const GroupOptions& options) {
  AuthQuestion question{user_list, options.user, {}, {}};
  for (const std::string& group : options.add) question.arguments.push_back('+' + group);
  for (const std::string& group : options.remove) question.arguments.push_back('-' + group);
  if (!question.arguments.empty()) question.name = user_groups;
  return ask_and_show(session, question,
                      [&](const Answer& answer) { show_users(session, answer.users); });
}

void add_groups_command(CLI::App& group, Session& session) {
  auto options = std::make_shared<GroupOptions>();
  CLI::App* command =
      add_command(group, session, "groups", "Add a user to groups or remove from some",
                  [&session, options] { return change_groups(session, *options); });
  add_user_option(*command, options->user)->required();
  command->add_option("--add", options->add, "Groups to be in")->delimiter(',')->type_name("GROUP");
  command->add_option("--remove", options->remove, "Groups to leave")
      ->delimiter(',')
      ->type_name("GROUP");
}

}  // namespace

void add_user_commands(CLI::App& app, Session& session) {
  CLI::App* user = app.add_subcommand("user", "Users of the proxy")->require_subcommand(1);
  add_password_commands(*user, session);
  add_simple_command(*user, session, "remove", "Remove a user; his connections end", user_remove);
  add_command(*user, session, "list", "All users of the configuration and the store", [&session] {
    return ask_and_show(session, AuthQuestion{user_list, {}, {}, {}},
                        [&](const Answer& answer) { show_users(session, answer.users); });
  });
  add_groups_command(*user, session);
  add_user_token_commands(*user, session);
  add_user_limit_commands(*user, session);
  add_simple_command(*user, session, "enable", "Let a user in again", user_enable);
  add_simple_command(*user, session, "disable", "Keep a user out; his connections end",
                     user_disable);
  add_simple_command(*user, session, "logout",
                     "End a user's connections, of whatever method; he may log in again",
                     user_logout);
  add_user_lockout_commands(*user, session);
}

}  // namespace bulkhead::proxyctl
