// user token add, list, remove.
#include "proxyctl/commands.h"
#include "proxyctl/views.h"

namespace bulkhead::proxyctl {
namespace {

using enum proto::AuthCommandName;

struct TokenOptions {
  std::string user, name = "default";
  std::uint64_t lifetime = 0;
  std::string scope = "proxy";
};

// What asks for no time at all is not asking for a token without end.
std::string not_over_yet(const std::string& lifetime) {
  return lifetime == "0" ? "a token's time is a second at least; without this it never ends" : "";
}

}  // namespace

void add_user_token_commands(CLI::App& user, Session& session) {
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
                                  {adding->name, std::to_string(adding->lifetime), adding->scope}});
      });
  add_options(add, *adding);
  add->add_option("--expires", adding->lifetime, "When it ends, from now (30d, 12h); else never")
      ->transform(CLI::AsNumberWithUnit(
          std::map<std::string, std::uint64_t>{{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86'400}}))
      ->check(not_over_yet)
      ->type_name("TIME");
  add->add_option("--scope", adding->scope,
                  "What it is good for: all of the proxy, or one protocol")
      ->check(CLI::IsMember({"proxy", "http", "socks"}))
      ->type_name("SCOPE");
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

}  // namespace bulkhead::proxyctl
