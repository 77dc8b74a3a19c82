// What shell completion has to know of the command line, taken from its definition so that the two
// cannot differ.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace bulkhead::proxyctl {

// What may stand for a value: one of choices, or what kind says (FILE, DIR, BACKEND, RULE; anything
// else: nothing to offer).
struct CompletionValue {
  std::string kind;
  std::vector<std::string> choices;
};

struct CompletionOption {
  std::vector<std::string> names;  // "--type", "-h"
  std::string description;
  bool takes_value = false;
  CompletionValue value;
};

struct CompletionCommand {
  std::string path;  // "backend add"; empty: the program itself, whose options are valid everywhere
  std::string description;
  std::vector<CompletionOption> options;
  CompletionValue argument;  // of its positional arguments
};

// The program first, then every command after its parent.
std::vector<CompletionCommand> completion_model(const CLI::App& app);

// Last word of the path, and the rest.
std::string leaf_of(const std::string& path);
std::string parent_of(const std::string& path);

}  // namespace bulkhead::proxyctl
