#include "config/merge_managed.h"

#include <algorithm>
#include <iterator>
#include <unordered_set>

#include "config/text.h"

namespace bulkhead::config {
namespace {

using Names = std::vector<std::string>;
using NameSet = std::unordered_set<std::string_view>;  // there may be thousands

void warn(Reader& reader, const std::string& key, std::string message, std::string hint = {}) {
  reader.report(Severity::warning, reader.position(Origin::Source::managed, key), key,
                std::move(message), std::move(hint));
}

template <class T>
Names names_of(const std::vector<T>& items) {
  Names names;
  names.reserve(items.size());
  for (const T& item : items) names.push_back(item.name);
  return names;
}

void warn_stale(Reader& reader, std::string_view list, const Names& names, const Names& known) {
  const NameSet all(known.begin(), known.end());
  for (std::size_t index = 0; index < names.size(); ++index) {
    if (all.contains(names[index])) continue;
    warn(reader, element(list, index), "there is no \"" + printable(names[index]) + "\" any more");
  }
}

// Those of wanted, in the order of names.
Names only(const Names& names, const Names& wanted) {
  const NameSet all(wanted.begin(), wanted.end());
  Names out;
  std::copy_if(names.begin(), names.end(), std::back_inserter(out),
               [&](const std::string& name) { return all.contains(name); });
  return out;
}

// Somebody who moves a rule in the file must learn why nothing happens.
void warn_of_order(Reader& reader, const Names& file, const Names& merged) {
  const Names before = only(file, merged), after = only(merged, file);
  if (before.size() != after.size()) return;  // names used twice: an error of its own
  const auto [wanted, found] = std::mismatch(before.begin(), before.end(), after.begin());
  if (wanted == before.end()) return;
  warn(reader, "rule_order",
       "overrides the order of the configuration file: \"" + printable(*found) +
           "\" is tried before \"" + printable(*wanted) + "\", the file has it after",
       "proxyctl rule reorder --reset follows the file again");
}

}  // namespace

void merge_with_warnings(Reader& reader, Config& config, const Managed& managed) {
  const Names rules_of_file = names_of(config.rules);
  warn_stale(reader, "removed_backends", managed.removed_backends, names_of(config.backends));
  warn_stale(reader, "removed_rules", managed.removed_rules, rules_of_file);
  merge(config, managed);
  const Names merged = names_of(config.rules);
  if (!managed.rule_order.empty()) warn_of_order(reader, rules_of_file, merged);
  warn_stale(reader, "rule_order", managed.rule_order, merged);
}

}  // namespace bulkhead::config
