#include "proxyctl/completion_model.h"

namespace bulkhead::proxyctl {
namespace {

// "TYPE:{direct,http}" is how CLI11 names a type that has choices.
CompletionValue value_of(const CLI::Option& option) {
  CompletionValue value;
  const std::string type = option.get_type_name();
  value.kind = type.substr(0, type.find(':'));
  const auto begin = type.find('{'), end = type.find('}');
  if (begin == std::string::npos || end == std::string::npos) return value;
  for (std::size_t at = begin + 1; at < end;) {
    const std::size_t comma = std::min(type.find(',', at), end);
    value.choices.push_back(type.substr(at, comma - at));
    at = comma + 1;
  }
  return value;
}

void add_option(CompletionCommand& command, const CLI::Option& option) {
  if (option.get_positional()) command.argument = value_of(option);
  CompletionOption out;
  for (const std::string& name : option.get_snames()) out.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) out.names.push_back("--" + name);
  if (out.names.empty()) return;
  out.description = option.get_description();
  out.takes_value = option.get_items_expected_max() != 0;
  if (out.takes_value) out.value = value_of(option);
  command.options.push_back(std::move(out));
}

// Groups of options are sub-commands without a name.
void add_options(CompletionCommand& command, const CLI::App& app) {
  for (const CLI::Option* option : app.get_options()) add_option(command, *option);
  for (const CLI::App* group :
       app.get_subcommands([](const CLI::App* each) { return each->get_name().empty(); })) {
    add_options(command, *group);
  }
}

void add_command(std::vector<CompletionCommand>& model, const CLI::App& app,
                 const std::string& path) {
  CompletionCommand command{path, app.get_description(), {}, {}};
  add_options(command, app);
  model.push_back(std::move(command));
  for (const CLI::App* child :
       app.get_subcommands([](const CLI::App* each) { return !each->get_name().empty(); })) {
    add_command(model, *child, path.empty() ? child->get_name() : path + " " + child->get_name());
  }
}

}  // namespace

std::vector<CompletionCommand> completion_model(const CLI::App& app) {
  std::vector<CompletionCommand> model;
  add_command(model, app, "");
  return model;
}

std::string leaf_of(const std::string& path) {
  return path.substr(path.rfind(' ') + 1);
}

std::string parent_of(const std::string& path) {
  const auto space = path.rfind(' ');
  return space == std::string::npos ? "" : path.substr(0, space);
}

}  // namespace bulkhead::proxyctl
