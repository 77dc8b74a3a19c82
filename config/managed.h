// The managed file: what proxyctl and admin add and remove, kept beside the hand-written file so
// that no tool ever rewrites a person's YAML. It is applied over the file before anything is
// checked.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "config/load.h"

namespace bulkhead::config {

struct ManagedRule {
  Rule rule;
  std::optional<std::uint32_t>
      position;  // index in the merged list; empty: before the first catch-all rule, else last
  friend bool operator==(const ManagedRule&, const ManagedRule&) = default;
};

struct Managed {
  std::vector<Backend> backends;              // added; one of the same name in the file is replaced
  std::vector<std::string> removed_backends;  // of the file
  std::vector<ManagedRule>
      rules;  // added; one of the same name in the file is replaced in its place
  std::vector<std::string> removed_rules;  // of the file
  std::vector<std::string>
      rule_order;  // names; listed rules take the order given among the places they hold
  friend bool operator==(const Managed&, const Managed&) = default;
};

struct ManagedResult {
  Managed managed;
  std::vector<Diagnostic> diagnostics;
};

// A file that does not exist is an empty Managed. ${VAR} and file: are expanded as in the
// hand-written file.
ManagedResult read_managed(const std::string& path, const LoadOptions& options = {});
ManagedResult read_managed_text(std::string_view yaml, std::string_view name,
                                const LoadOptions& options = {});

// The text of a managed file. The error is for a person: a secret that would be read back as the
// path of one.
tl::expected<std::string, std::string> to_yaml(const Managed& managed);

// Drops what is said of the order of rules that config, with managed applied, does not have. True
// if there was any.
bool forget_vanished(Managed& managed, const Config& config);

// Temporary file, fsync, rename, fsync of the directory; mode 0600. Returns what went wrong, if
// anything.
std::optional<std::string> write_managed(const std::string& path, const Managed& managed);

// Applies managed to the lists of config. Checks nothing: load() checks the result.
void merge(Config& config, const Managed& managed);

// A copy of options with managed in place of the managed file, for trying a change before it is
// written.
LoadResult load_with(const LoadOptions& options, const Managed& managed);

}  // namespace bulkhead::config
