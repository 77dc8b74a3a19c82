// fish: one `complete` line an option, sub-command or argument, each with the command it belongs to
// as its condition.
#include "proxyctl/completion.h"

namespace bulkhead::proxyctl {
namespace {

std::string in_quotes(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string condition(const std::string& path) {
  return " -n " + in_quotes("__bulkhead_at \"" + path + "\"");
}

// What is offered for a value; -x: required and no file names, -r: required.
std::string offered(const CompletionValue& value, bool option) {
  if (value.kind == "FILE") return option ? " -r -F" : " -F";
  if (value.kind == "DIR") return option ? " -x -a '(__fish_complete_directories)'" : "";
  const std::string required = option ? " -x" : "";
  if (value.kind == "BACKEND") return required + " -a '(__bulkhead_names backend)'";
  if (value.kind == "RULE") return required + " -a '(__bulkhead_names rule)'";
  std::string choices;
  for (const std::string& choice : value.choices) choices += (choices.empty() ? "" : " ") + choice;
  return choices.empty() ? required : required + " -a " + in_quotes(choices);
}

std::string option_line(const std::string& start, const CompletionCommand& command,
                        const CompletionOption& option) {
  std::string line = start + (command.path.empty() ? "" : condition(command.path));
  for (const std::string& name : option.names) {
    line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  if (option.takes_value) line += offered(option.value, true);
  return line + " -d " + in_quotes(option.description) + "\n";
}

std::string command_lines(const std::string& start, const CompletionCommand& command) {
  std::string out;
  if (!command.path.empty()) {
    out += start + condition(parent_of(command.path)) + " -a " + leaf_of(command.path) + " -d " +
           in_quotes(command.description) + "\n";
  }
  const std::string argument = offered(command.argument, false);
  if (!argument.empty()) out += start + condition(command.path) + argument + "\n";
  for (const auto& option : command.options) out += option_line(start, command, option);
  return out;
}

constexpr const char* functions = R"sh(
    set -l at
    for word in (commandline -opc)[2..-1]
        if contains -- (string join ' ' -- $at $word) $known
            set -a at $word
        end
    end
    test "$at" = "$argv[1]"
end
function __bulkhead_names
    set -l words (commandline -opc)
    set -l where
    for at in (seq (count $words))
        switch $words[$at]
            case '--runtime-dir=*'
                set where $words[$at]
            case --runtime-dir
                set where --runtime-dir $words[(math $at + 1)]
        end
    end
    $words[1] $where --timeout 2 --json $argv[1] list 2>/dev/null | sed -n 's/^    "name": "\\([^"\\\\]*\\)",$/\\1/p'
end
)sh";

}  // namespace

std::string fish_completion(const std::string& program,
                            const std::vector<CompletionCommand>& model) {
  std::string out =
      "# fish completion for " + program + "\nfunction __bulkhead_at\n    set -l known";
  for (const auto& command : model) {
    if (!command.path.empty()) out += " " + in_quotes(command.path);
  }
  out += functions;
  const std::string start = "complete -c " + program;
  out += start + " -f\n";
  for (const auto& command : model) out += command_lines(start, command);
  return out;
}

}  // namespace bulkhead::proxyctl
