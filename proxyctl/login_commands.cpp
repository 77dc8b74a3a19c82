// auth test, auth flush; user lockouts, unlock: how logins go.
#include "proxyctl/commands.h"
#include "proxyctl/password_input.h"
#include "proxyctl/terminal_text.h"
#include "proxyctl/views.h"

namespace bulkhead::proxyctl {
namespace {

using enum proto::AuthCommandName;

struct TestOptions {
  std::string user;
  bool password = false;
  std::string protocol;
};

ExitCode test_login(const Session& session, const TestOptions& options) {
  AuthQuestion question{auth_test, options.user, {}, {}};
  if (options.password) {
    auto password = read_password("Password for " + printable(options.user), false);
    if (!password) return fail(session, password.error());
    question.password = std::move(*password);
    question.arguments = {options.protocol};
  }
  // What the methods said is worth seeing when they said no.
  const auto timeout =
      std::chrono::milliseconds(static_cast<std::int64_t>(session.timeout_s * 1000));
  const auto answer = ask(session.runtime_directory, question, timeout);
  if (!answer) return fail(session, answer.error());
  show_methods(session, answer->methods, answer->done.message.value);
  return static_cast<ExitCode>(answer->done.exit_code);
}

}  // namespace

void add_user_lockout_commands(CLI::App& group, Session& session) {
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

void add_auth_commands(CLI::App& app, Session& session) {
  CLI::App* auth = app.add_subcommand("auth", "Authentication")->require_subcommand(1);
  auto testing = std::make_shared<TestOptions>();
  CLI::App* test = add_command(*auth, session, "test", "Which method knows a user, and why",
                               [&session, testing] { return test_login(session, *testing); });
  test->add_option("--user,user", testing->user, "The user's name")->required()->type_name("USER");
  test->add_flag("--password", testing->password, "Ask for a password and try it");
  test->add_option("--protocol", testing->protocol, "Try it as if it came in this one")
      ->check(CLI::IsMember({"http", "socks"}))
      ->needs("--password")
      ->type_name("PROTOCOL");
  add_command(
      *auth, session, "flush",
      "Ask the methods about everybody anew; who is gone loses his connections",
      [&session] { return ask_and_acknowledge(session, AuthQuestion{auth_flush, {}, {}, {}}); });
}

}  // namespace bulkhead::proxyctl
