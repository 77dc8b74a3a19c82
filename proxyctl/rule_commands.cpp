#include "proxyctl/commands.h"
#include "proxyctl/definitions.h"
#include "proxyctl/views.h"

namespace bulkhead::proxyctl {
namespace {

struct AddOptions {
  RuleDefinition rule;
  std::uint32_t position = 0;  // 0: the daemon chooses
};

ExitCode add(const Session& session, const AddOptions& options) {
  const std::string position = options.position == 0 ? "" : std::to_string(options.position);
  return ask_and_acknowledge(session,
                             {proto::CommandName::rule_add, {to_yaml(options.rule), position}});
}

void add_conditions(CLI::App& command, RuleDefinition& rule) {
  CLI::App* match =
      command.add_option_group("Match", "All kinds given must hold, one entry of each")
          ->require_option(1, 0);
  const auto list = [&](const char* name, std::vector<std::string>& values, const char* text,
                        const char* type) {
    return match->add_option(name, values, text)->type_name(type);
  };
  list("--domain", rule.domains, "example.com, *.example.com or *", "DOMAIN");
  list("--port", rule.ports, "Destination port or range", "PORT");
  list("--destination", rule.destinations, "Destination address", "CIDR");
  list("--client", rule.clients, "Client address", "CIDR");
  list("--protocol", rule.protocols, "What the client speaks", "PROTOCOL")
      ->check(CLI::IsMember({"http", "connect", "socks4", "socks5", "udp"}));
  list("--user", rule.users, "Authenticated user", "NAME");
  list("--group", rule.groups, "Group of an authenticated user", "NAME");
}

void add_actions(CLI::App& command, RuleDefinition& rule) {
  CLI::App* action = command.add_option_group("Action", "What happens")->require_option(1);
  action->add_option("--backend", rule.backend, "Send it out through this backend")
      ->type_name("BACKEND");
  action->add_flag("--block", rule.block, "Refuse it");
  action->add_option("--redirect", rule.redirect, "Send the client there (HTTP)")->type_name("URL");
}

void add_add_command(CLI::App& group, Session& session) {
  auto options = std::make_shared<AddOptions>();
  CLI::App* command = add_command(group, session, "add", "Add a rule",
                                  [&session, options] { return add(session, *options); });
  command->add_option("--name,name", options->rule.name, "Its name")->required()->type_name("NAME");
  add_conditions(*command, options->rule);
  add_actions(*command, options->rule);
  command
      ->add_option("--position", options->position,
                   "Place in the list, from 1; else before the first catch-all rule")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000));
}

struct ReorderOptions {
  std::vector<std::string> names;
  bool reset = false;  // no names: the order of the file
};

void add_reorder_command(CLI::App& group, Session& session) {
  auto options = std::make_shared<ReorderOptions>();
  CLI::App* command = add_command(
      group, session, "reorder", "Put the named rules first, in this order", [&session, options] {
        return ask_and_acknowledge(session, {proto::CommandName::rule_reorder, options->names});
      });
  CLI::App* order = command->add_option_group("Order", "The order wanted")->require_option(1);
  order->add_option("names", options->names, "Names, first match first")->type_name("RULE");
  order->add_flag("--reset", options->reset, "The order of the configuration file again");
}

}  // namespace

void add_rule_commands(CLI::App& app, Session& session) {
  using enum proto::CommandName;
  CLI::App* group =
      app.add_subcommand("rule", "Which way out a request takes")->require_subcommand(1);
  add_command(*group, session, "list", "All rules, in the order they are tried", [&session] {
    return ask_and_show(session, {rule_list, {}},
                        [&session](const Answer& answer) { show_rules(session, answer.rules); });
  });
  add_add_command(*group, session);
  add_named(*group, session, "remove", "Remove a rule", "RULE", rule_remove);
  add_reorder_command(*group, session);
}

}  // namespace bulkhead::proxyctl
