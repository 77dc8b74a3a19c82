// What differs between two configurations.
#include "config/diff.h"

#include <algorithm>
#include <map>

namespace bulkhead::config {
namespace {

// What makes an item itself, and what it is: by name for backends and rules.
template <class T>
NameChanges compare(const std::vector<T>& before, const std::vector<T>& after) {
  std::map<std::string_view, const T*> old;
  NameChanges changes;
  for (const T& item : before) old.emplace(item.name, &item);
  for (const T& item : after) {
    const auto found = old.find(item.name);
    if (found == old.end()) {
      changes.added.push_back(item.name);
      continue;
    }
    if (*found->second != item) changes.changed.push_back(item.name);
    old.erase(found);
  }
  for (const T& item : before)
    if (old.contains(item.name)) changes.removed.push_back(item.name);
  return changes;
}

std::string label(const Listener& listener) {
  constexpr std::string_view protocols[] = {"http", "socks5", "mixed"};
  return listener.name + ' ' + std::string(protocols[static_cast<std::size_t>(listener.protocol)]) +
         ' ' + wire::Endpoint{listener.address, listener.port}.to_string();
}

// Listeners are what they listen on: a port that moves is one removed and one added.
NameChanges compare_listeners(const Config& before, const Config& after) {
  const auto labelled = [](const Config& config) {
    std::map<std::string, Listener> out;
    for (const Listener& listener : proxy_listeners(config)) out.emplace(label(listener), listener);
    return out;
  };
  const auto old = labelled(before);
  const auto now = labelled(after);
  NameChanges changes;
  for (const auto& [name, listener] : now) {
    const auto found = old.find(name);
    if (found == old.end())
      changes.added.push_back(name);
    else if (found->second != listener)
      changes.changed.push_back(name);
  }
  for (const auto& each : old)
    if (!now.contains(each.first)) changes.removed.push_back(each.first);
  return changes;
}

std::vector<std::string_view> common_order(const std::vector<Rule>& rules,
                                           const NameChanges& changes) {
  std::vector<std::string_view> names;
  const auto gone = [&](const std::string& name) {
    return std::find(changes.added.begin(), changes.added.end(), name) != changes.added.end() ||
           std::find(changes.removed.begin(), changes.removed.end(), name) != changes.removed.end();
  };
  for (const Rule& rule : rules)
    if (!gone(rule.name)) names.push_back(rule.name);
  return names;
}

std::vector<std::string> differing_sections(const Config& before, const Config& after) {
  const std::pair<std::string_view, bool> all[] = {
      {"server", before.server != after.server},
      {"listeners", before.listeners != after.listeners},
      {"sandbox", before.sandbox != after.sandbox},
      {"workers", before.workers != after.workers},
      {"network", before.network != after.network},
      {"rate_limiting", before.rate_limiting != after.rate_limiting},
      {"access_control", before.access_control != after.access_control},
      {"access_log", before.access_log != after.access_log},
      {"metrics", before.metrics != after.metrics},
      {"shutdown", before.shutdown != after.shutdown},
      {"reload", before.reload != after.reload},
      {"health_checks", before.health_checks != after.health_checks},
      {"backends", before.backends != after.backends},
      {"rules", before.rules != after.rules}};
  std::vector<std::string> sections;
  for (const auto& [name, differs] : all)
    if (differs) sections.emplace_back(name);
  return sections;
}

void append(std::string& out, std::string_view what, const std::vector<std::string>& names) {
  if (names.empty()) return;
  constexpr std::size_t most = 10;
  out += "; " + std::string(what) + ':';
  for (std::size_t index = 0; index < std::min(names.size(), most); ++index)
    out += (index == 0 ? " " : ", ") + names[index];
  if (names.size() > most) out += " and " + std::to_string(names.size() - most) + " more";
}

void append(std::string& out, const std::string& what, const NameChanges& changes) {
  append(out, what + " added", changes.added);
  append(out, what + " removed", changes.removed);
  append(out, what + " changed", changes.changed);
}

}  // namespace

Change diff(const Config& before, const Config& after) {
  Change change;
  change.sections = differing_sections(before, after);
  change.listeners = compare_listeners(before, after);
  change.backends = compare(before.backends, after.backends);
  change.rules = compare(before.rules, after.rules);
  change.rule_order =
      common_order(before.rules, change.rules) != common_order(after.rules, change.rules);
  return change;
}

std::string to_string(const Change& change) {
  if (change.empty()) return "no change";
  std::string out;
  for (const std::string& section : change.sections) out += (out.empty() ? "" : ", ") + section;
  append(out, "listener", change.listeners);
  append(out, "backend", change.backends);
  append(out, "rule", change.rules);
  if (change.rule_order) out += "; rules in another order";
  return out;
}

}  // namespace bulkhead::config
