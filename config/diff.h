// What a reload changed, for its message and for deciding what has to be done.
#pragma once

#include <string>
#include <vector>

#include "config/model.h"

namespace bulkhead::config {

struct NameChanges {
  std::vector<std::string> added, removed, changed;
  bool empty() const { return added.empty() && removed.empty() && changed.empty(); }
};

struct Change {
  std::vector<std::string>
      sections;           // dotted keys of the sections that differ: "server", "network", "rules"
  NameChanges listeners;  // of proxy_listeners(), as "name http 127.0.0.1:8080"
  NameChanges backends;
  NameChanges rules;        // by name
  bool rule_order = false;  // the rules both have are in another order

  bool empty() const { return sections.empty(); }
};

Change diff(const Config& before, const Config& after);

// "no change", or "server, rules; listener added: ...; backend changed: ...".
std::string to_string(const Change& change);

}  // namespace bulkhead::config
