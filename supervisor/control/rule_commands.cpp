// rule list, add, remove, reorder.
#include <algorithm>
#include <charconv>
#include <optional>

#include "supervisor/control/commands.h"
#include "supervisor/control/managed_edit.h"
#include "supervisor/control/names.h"

namespace bulkhead::supervisor {
namespace {

bool has_rule(const config::Config& config, const std::string& name) {
  return std::any_of(config.rules.begin(), config.rules.end(),
                     [&](const auto& rule) { return rule.name == name; });
}

// From 1, as people count; nothing when it is no such number.
std::optional<std::uint32_t> parse_position(const std::string& text) {
  std::uint32_t position = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), position);
  if (error != std::errc{} || end != text.data() + text.size() || position == 0)
    return std::nullopt;
  return position;
}

// The order wanted of all rules: those named, then the others as they were. Empty with a reason
// when that makes no sense.
std::string make_order(const config::Config& config, const std::vector<std::string>& named,
                       std::vector<std::string>& order) {
  for (const std::string& name : named) {
    if (!has_rule(config, name)) return "there is no rule \"" + name + '"';
    if (std::find(order.begin(), order.end(), name) != order.end())
      return "rule \"" + name + "\" is named twice";
    order.push_back(name);
  }
  for (const config::Rule& rule : config.rules) {
    if (std::find(named.begin(), named.end(), rule.name) == named.end()) order.push_back(rule.name);
  }
  return {};
}

}  // namespace

runtime::Task<void> list_rules(Supervisor& supervisor, const proto::Command&, Answer& answer) {
  const auto config = supervisor.reload().current()->config;
  for (std::size_t i = 0; i < config->rules.size(); ++i) {
    const config::Rule& rule = config->rules[i];
    proto::RuleRow row;
    row.position = static_cast<std::uint32_t>(i + 1);
    row.name = rule.name;
    row.match = match_of(rule.match);
    row.action = action_of(rule);
    row.origin = origin_of(rule.origin);
    const bool going_on = co_await answer.row(std::move(row));
    if (!going_on) co_return;
  }
}

runtime::Task<void> add_rule(Supervisor& supervisor, const proto::Command& command,
                             Answer& answer) {
  config::ManagedResult read =
      read_fragment("rules", argument(command, 0), supervisor.reload().options());
  const bool refused = co_await refuse_fragment(read, read.managed.rules.size(), "rule", answer);
  if (refused) co_return;
  config::ManagedRule added = std::move(read.managed.rules.front());
  const std::string position = argument(command, 1);
  if (const auto number = parse_position(position)) {
    added.position = *number - 1;
  } else if (!position.empty()) {
    answer.done(1, "not a position from 1: " + position);
    co_return;
  }
  const std::string name = added.rule.name;
  const auto key = std::make_shared<std::string>();
  const auto edit = [&](config::Managed& managed) -> std::string {
    if (has_rule(*supervisor.reload().current()->config, name))
      return "there is a rule \"" + name + "\" already";
    *key = "rules[" + std::to_string(managed.rules.size()) + "].rule";
    managed.rules.push_back(std::move(added));
    return {};
  };
  co_await change(supervisor, edit, "rule \"" + name + "\" added", answer, key);
}

runtime::Task<void> remove_rule(Supervisor& supervisor, const proto::Command& command,
                                Answer& answer) {
  const std::string name = argument(command, 0);
  const auto edit = [&](config::Managed& managed) -> std::string {
    if (!has_rule(*supervisor.reload().current()->config, name))
      return "there is no rule \"" + name + '"';
    const auto is_it = [&](const config::ManagedRule& each) { return each.rule.name == name; };
    if (std::erase_if(managed.rules, is_it) == 0) managed.removed_rules.push_back(name);
    std::erase(managed.rule_order, name);
    return {};
  };
  co_await change(supervisor, edit, "rule \"" + name + "\" removed", answer);
}

// Without a name: the order of the file again.
runtime::Task<void> reorder_rules(Supervisor& supervisor, const proto::Command& command,
                                  Answer& answer) {
  std::vector<std::string> named;
  named.reserve(command.arguments.items.size());
  for (const auto& item : command.arguments.items) named.push_back(item.value);
  const auto edit = [&](config::Managed& managed) -> std::string {
    std::vector<std::string> order;
    managed.rule_order.clear();
    if (named.empty()) return {};
    std::string objection = make_order(*supervisor.reload().current()->config, named, order);
    if (objection.empty()) managed.rule_order = std::move(order);
    return objection;
  };
  const std::string done =
      named.empty() ? "rules in the order of the configuration file" : "rules reordered";
  co_await change(supervisor, edit, done, answer);
}

}  // namespace bulkhead::supervisor
