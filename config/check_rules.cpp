// Rules: that each says what it is about and where it leads.
#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include "config/check.h"
#include "config/text.h"

namespace bulkhead::config {
namespace {

void check_choice(Checker& checker, const Rule& rule) {
  std::unordered_set<std::string_view> names;
  std::uint64_t weights = 0;
  for (std::size_t index = 0; index < rule.backends.size(); ++index) {
    const WeightedBackend& choice = rule.backends[index];
    const std::string key = element("backends", index) + ".name";
    checker.known_backend(rule.origin, key, choice.name);
    if (!names.insert(choice.name).second)
      checker.error(rule.origin, key, "duplicate name \"" + printable(choice.name) + '"');
    weights += choice.weight;
  }
  if (weights == 0) checker.error(rule.origin, "backends", "every weight is 0");
}

void refuse(Checker& checker, const Rule& rule, std::string_view key, bool present) {
  if (present)
    checker.error(rule.origin, key, "does not go with the rule's action",
                  "action is backend unless written");
}

void refuse_backends(Checker& checker, const Rule& rule) {
  refuse(checker, rule, "backend", !rule.backend.empty());
  refuse(checker, rule, "backends", !rule.backends.empty());
  refuse(checker, rule, "load_balancing", rule.load_balancing != LoadBalancing{});
}

void check_backend_rule(Checker& checker, const Rule& rule) {
  refuse(checker, rule, "redirect", rule.redirect.has_value());
  if (rule.redirect) return;
  if (!rule.backend.empty() && !rule.backends.empty())
    return checker.error(rule.origin, "backends", "cannot stand beside backend",
                         "write one of the two");
  if (rule.backend.empty() && rule.backends.empty())
    return checker.error(rule.origin, "backend", "is missing",
                         "or backends, or action: block, or action: redirect");
  if (!rule.backend.empty()) checker.known_backend(rule.origin, "backend", rule.backend);
  if (!rule.backends.empty()) check_choice(checker, rule);
  if (rule.backends.empty() && rule.load_balancing != LoadBalancing{})
    checker.warn(rule.origin, "load_balancing", "means nothing without backends");
}

void check_action(Checker& checker, const Rule& rule) {
  switch (rule.action) {
    case RuleAction::backend:
      return check_backend_rule(checker, rule);
    case RuleAction::block:
      refuse_backends(checker, rule);
      return refuse(checker, rule, "redirect", rule.redirect.has_value());
    case RuleAction::redirect:
      refuse_backends(checker, rule);
      if (!rule.redirect)
        checker.error(rule.origin, "redirect", "is missing", "action redirect needs redirect.url");
  }
}

void check_match(Checker& checker, const Rule& rule) {
  const Match& match = rule.match;
  if (match.empty())
    checker.error(rule.origin, "match", "is empty", R"(domains: ["*"] matches everything)");
  const bool people = !match.users.empty() || !match.groups.empty();
  if (people && !checker.config().server.auth.required())
    checker.warn(rule.origin, "match",
                 "names users or groups, but server.auth.mode is none: it never matches");
}

bool broken_action(const Checker& checker, const Rule& rule) {
  static constexpr std::array keys{"action", "backend", "backends", "load_balancing", "redirect"};
  return std::any_of(keys.begin(), keys.end(),
                     [&](const char* key) { return checker.broken(rule.origin, key); });
}

}  // namespace

void check_rules(Checker& checker) {
  std::unordered_map<std::string_view, const Rule*> seen;
  const Rule* catch_all = nullptr;
  for (const Rule& rule : checker.config().rules) {
    const bool broken = checker.broken(rule.origin);
    const auto [first, is_new] = seen.emplace(rule.name, &rule);
    if (!is_new && !rule.name.empty())
      checker.error(rule.origin, "name", "duplicate name \"" + printable(rule.name) + '"',
                    "first used in line " + std::to_string(first->second->origin.line));
    if (catch_all != nullptr)
      checker.warn(
          rule.origin, "",
          "is never reached: \"" + printable(catch_all->name) + "\" before it matches everything");
    else if (rule.match.is_catch_all())
      catch_all = &rule;
    // No rule at all, or one without a name: what else it would complain about follows from that.
    if (broken && rule.name.empty()) continue;
    if (!checker.broken(rule.origin, "match")) check_match(checker, rule);
    if (!broken_action(checker, rule)) check_action(checker, rule);
  }
  if (checker.config().rules.empty() && !checker.broken("rules"))
    checker.warn("rules", "there are none: every request is refused");
}

}  // namespace bulkhead::config
