// user, auth, store: what the auth worker keeps.
#include <filesystem>
#include <fstream>

#include "config/load.h"
#include "proxyctl/commands.h"
#include "proxyctl/definitions.h"
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

CLI::Option* add_user_option(CLI::App& command, std::string& user) {
  return command.add_option("--username,--name,username", user, "The user's name")
      ->type_name("USER");
}

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

struct LimitOptions {
  std::string user;
  std::optional<double> requests_per_second, mbps;
  std::optional<std::uint32_t> burst, connections;
  std::optional<std::string> quota;
  std::optional<std::vector<std::string>> domains, destinations;
  bool usual = false;
};

std::string list_of(const std::vector<std::string>& items) {
  std::string text = "[";
  for (const std::string& item : items) text += (text.size() == 1 ? "" : ", ") + yaml_text(item);
  return text + "]";
}

// The limits given, as the configuration writes them; "-" for a list empties it.
std::string to_yaml(const LimitOptions& options) {
  std::string yaml;
  const auto add = [&yaml](std::string_view key, const std::string& value) {
    yaml += std::string(key) + ": " + value + '\n';
  };
  const auto number = [](double value) {
    std::ostringstream text;
    text.imbue(std::locale::classic());
    text << value;
    return text.str();
  };
  if (options.requests_per_second) add("requests_per_second", number(*options.requests_per_second));
  if (options.burst) add("burst", std::to_string(*options.burst));
  if (options.mbps) add("max_mbps", number(*options.mbps));
  if (options.connections) add("max_connections", std::to_string(*options.connections));
  if (options.quota) add("monthly_quota", yaml_text(*options.quota));
  const std::vector<std::string> nothing{"-"};
  if (options.domains)
    add("domains", *options.domains == nothing ? "[]" : list_of(*options.domains));
  if (options.destinations)
    add("destinations", *options.destinations == nothing ? "[]" : list_of(*options.destinations));
  return yaml;
}

ExitCode change_limits(const Session& session, const LimitOptions& options) {
  const std::string yaml = options.usual ? "default" : to_yaml(options);
  if (yaml.empty()) {
    return ask_and_show(session, AuthQuestion{user_list, options.user, {}, {}},
                        [&](const Answer& answer) { show_users(session, answer.users); });
  }
  AuthQuestion question{user_limits, options.user, {}, {}};
  constexpr std::size_t part = 1000;
  for (std::size_t at = 0; at < yaml.size(); at += part)
    question.arguments.push_back(yaml.substr(at, part));
  return ask_and_acknowledge(session, question);
}

void add_limits_command(CLI::App& group, Session& session) {
  auto options = std::make_shared<LimitOptions>();
  CLI::App* command = add_command(group, session, "limits",
                                  "Show or change what a user may do, at once and of any method",
                                  [&session, options] { return change_limits(session, *options); });
  add_user_option(*command, options->user)->required();
  command->add_option("--requests-per-second", options->requests_per_second, "0: unlimited")
      ->type_name("RATE");
  command->add_option("--burst", options->burst, "Requests above the rate taken at once")
      ->type_name("N");
  command->add_option("--mbps", options->mbps, "Mbit/s of all connections together; 0: unlimited")
      ->type_name("MBPS");
  command->add_option("--connections", options->connections, "At the same time; 0: unlimited")
      ->type_name("N");
  command->add_option("--quota", options->quota, "Bytes a calendar month (10GB); 0: unlimited")
      ->type_name("SIZE");
  command->add_option("--domains", options->domains, "Names that may be reached; - for all")
      ->delimiter(',')
      ->type_name("DOMAIN");
  command
      ->add_option("--destinations", options->destinations,
                   "Addresses that may be reached; - for none but by name")
      ->delimiter(',')
      ->type_name("CIDR");
  command->add_flag("--default", options->usual, "As server.auth.limits says");
}

void add_usage_command(CLI::App& group, Session& session) {
  auto user = std::make_shared<std::string>();
  auto days = std::make_shared<std::uint32_t>(30);
  CLI::App* command =
      add_command(group, session, "usage", "Traffic by user and day (UTC)", [&session, user, days] {
        return ask_and_show(session, AuthQuestion{user_usage, *user, {}, {std::to_string(*days)}},
                            [&](const Answer& answer) { show_usage(session, answer.usage); });
      });
  add_user_option(*command, *user);
  command->add_option("--days", *days, "How far back")
      ->type_name("N")
      ->check(CLI::Range(0, 10'000));
}

struct TokenOptions {
  std::string user, name = "default";
  std::uint64_t lifetime = 0;
};

void add_token_commands(CLI::App& user, Session& session) {
  CLI::App* group =
      user.add_subcommand("token", "Tokens instead of passwords")->require_subcommand(1);
  const auto add_options = [](CLI::App* command, TokenOptions& options) {
    command->add_option("--username,username", options.user, "Whose it is")
        ->required()
        ->type_name("USER");
    command->add_option("--name,name", options.name, "Its name")->type_name("NAME");
  };
  auto adding = std::make_shared<TokenOptions>();
  CLI::App* add =
      add_command(*group, session, "add", "Make a token and show it once", [&session, adding] {
        return ask_and_acknowledge(
            session, AuthQuestion{token_add,
                                  adding->user,
                                  {},
                                  {adding->name, std::to_string(adding->lifetime), "proxy"}});
      });
  add_options(add, *adding);
  add->add_option("--expires", adding->lifetime, "When it ends, from now (30d, 12h); else never")
      ->transform(CLI::AsNumberWithUnit(
          std::map<std::string, std::uint64_t>{{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86'400}}))
      ->type_name("TIME");
  auto removing = std::make_shared<TokenOptions>();
  CLI::App* remove = add_command(
      *group, session, "remove", "A token is worth nothing any more", [&session, removing] {
        return ask_and_acknowledge(
            session, AuthQuestion{token_remove, removing->user, {}, {removing->name}});
      });
  add_options(remove, *removing);
  auto listed = std::make_shared<std::string>();
  CLI::App* list =
      add_command(*group, session, "list", "Tokens, without what they are", [&session, listed] {
        return ask_and_show(session, AuthQuestion{token_list, *listed, {}, {}},
                            [&](const Answer& answer) { show_tokens(session, answer.tokens); });
      });
  list->add_option("--username,username", *listed, "Only of this user")->type_name("USER");
}

void add_lockout_commands(CLI::App& group, Session& session) {
  add_command(group, session, "lockouts", "Who presented wrong credentials, and waits or is banned",
              [&session] {
                return ask_and_show(
                    session, AuthQuestion{lockout_list, {}, {}, {}},
                    [&](const Answer& answer) { show_lockouts(session, answer.lockouts); });
              });
  auto subject = std::make_shared<std::string>();
  auto all = std::make_shared<bool>(false);
  CLI::App* unlock =
      add_command(group, session, "unlock", "Forget wrong credentials", [&session, subject, all] {
        if (subject->empty() && !*all)
          return fail(session, {ExitCode::usage, "name a user or an address, or --all"});
        return ask_and_acknowledge(session, AuthQuestion{lockout_lift, {}, {}, {*subject}});
      });
  unlock->add_option("subject", *subject, "User or address")->type_name("USER");
  unlock->add_flag("--all", *all, "Of everybody");
}

struct TestOptions {
  std::string user;
  bool password = false;
};

ExitCode test_login(const Session& session, const TestOptions& options) {
  AuthQuestion question{auth_test, options.user, {}, {}};
  if (options.password) {
    auto password = read_password("Password for " + printable(options.user), false);
    if (!password) return fail(session, password.error());
    question.password = std::move(*password);
  }
  // What the methods said is worth seeing when they said no.
  const auto timeout =
      std::chrono::milliseconds(static_cast<std::int64_t>(session.timeout_s * 1000));
  const auto answer = ask(session.runtime_directory, question, timeout);
  if (!answer) return fail(session, answer.error());
  show_methods(session, answer->methods, answer->done.message.value);
  return static_cast<ExitCode>(answer->done.exit_code);
}

// The daemon makes the copy in its own directory; from there it is taken.
ExitCode back_up(const Session& session, const std::string& target) {
  if (std::filesystem::exists(std::filesystem::symlink_status(target)))
    return fail(session, {ExitCode::failed, printable(target) + " is there already"});
  return ask_and_show(session, AuthQuestion{store_backup, {}, {}, {}}, [&](const Answer& answer) {
    namespace fs = std::filesystem;
    std::error_code error;
    fs::copy_file(answer.text, target, error);
    if (!error) fs::permissions(target, fs::perms::owner_read | fs::perms::owner_write, error);
    if (error) {
      session.err << "proxyctl: " << printable(target) << ": " << error.message()
                  << "; the copy is at " << printable(answer.text) << '\n';
      return;
    }
    fs::remove(answer.text, error);
    session.out << "the users' store is copied to " << printable(target) << '\n';
  });
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
  add_token_commands(*user, session);
  add_limits_command(*user, session);
  add_simple_command(*user, session, "enable", "Let a user in again", user_enable);
  add_simple_command(*user, session, "disable", "Keep a user out; his connections end",
                     user_disable);
  add_usage_command(*user, session);
  add_lockout_commands(*user, session);
  CLI::App* auth = app.add_subcommand("auth", "Authentication")->require_subcommand(1);
  auto testing = std::make_shared<TestOptions>();
  CLI::App* test = add_command(*auth, session, "test", "Which method knows a user, and why",
                               [&session, testing] { return test_login(session, *testing); });
  test->add_option("--user,user", testing->user, "The user's name")->required()->type_name("USER");
  test->add_flag("--password", testing->password, "Ask for a password and try it");
  CLI::App* store = app.add_subcommand("store", "Where users are kept")->require_subcommand(1);
  auto target = std::make_shared<std::string>();
  add_command(*store, session, "backup", "Copy the store (SQLite) while it is in use",
              [&session, target] { return back_up(session, *target); })
      ->add_option("file", *target, "A file that is not there yet")
      ->required()
      ->type_name("FILE");
}

}  // namespace bulkhead::proxyctl
