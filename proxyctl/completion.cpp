// bash and zsh share the part that finds the command on the line ($at) and what may come next
// ($offered words, $kind of value); they differ in how words are read and offered.
#include "proxyctl/completion.h"

#include <algorithm>

namespace bulkhead::proxyctl {
namespace {

std::string identifier(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  return "_" + name;
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

// A command is entered by its word after its parent.
std::string steps(const std::vector<CompletionCommand>& model) {
  std::string out;
  for (const auto& command : model) {
    if (command.path.empty()) continue;
    out += "      \"" + parent_of(command.path) + "/" + leaf_of(command.path) + "\") at='" +
           command.path + "' ;;\n";
  }
  return out;
}

std::string value_case(const std::string& pattern, const CompletionValue& value) {
  return "    " + pattern + ") kind='" + value.kind + "' offered='" + joined(value.choices) +
         "' ;;\n";
}

// After an option that takes a value.
std::string values(const std::vector<CompletionCommand>& model) {
  std::string out;
  for (const auto& command : model) {
    for (const auto& option : command.options) {
      if (!option.takes_value) continue;
      std::string at = command.path.empty() ? "*" : "'" + command.path + "'";
      at += ':';
      for (const std::string& name : option.names) {
        std::string pattern = at;
        out += value_case(pattern.append(name), option.value);
      }
    }
  }
  return out;
}

std::vector<std::string> words_after(const CompletionCommand& command,
                                     const std::vector<CompletionCommand>& model) {
  std::vector<std::string> words;
  for (const auto& child : model) {
    if (!child.path.empty() && parent_of(child.path) == command.path)
      words.push_back(leaf_of(child.path));
  }
  words.insert(words.end(), command.argument.choices.begin(), command.argument.choices.end());
  return words;
}

std::vector<std::string> options_of(const CompletionCommand& command,
                                    const CompletionCommand& program) {
  std::vector<std::string> names;
  for (const auto* each : {&command, &program}) {
    for (const auto& option : each->options)
      names.insert(names.end(), option.names.begin(), option.names.end());
    if (&command == &program) break;
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::string words(const std::vector<CompletionCommand>& model) {
  std::string out;
  for (const auto& command : model) {
    out += "    '" + command.path + "') kind='" + command.argument.kind + "' offered='" +
           joined(words_after(command, model)) + "' options='" +
           joined(options_of(command, model.front())) + "' ;;\n";
  }
  return out;
}

constexpr const char* name_filter = R"sh(sed -n 's/^    "name": "\([^"\\]*\)",$/\1/p')sh";

constexpr const char* bash_script = R"sh(# bash completion for @PROGRAM@
@FUNCTION@() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
  local at='' kind='' offered='' options='' name i
  local -a where=()
  if [[ $cur == "=" ]]; then cur=''; elif [[ $prev == "=" ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case "${COMP_WORDS[i]}" in
      --runtime-dir)  # "=" is a word of its own
        if [[ ${COMP_WORDS[i+1]} == "=" ]]; then where=(--runtime-dir "${COMP_WORDS[i+2]}")
        else where=(--runtime-dir "${COMP_WORDS[i+1]}"); fi ;;
      --runtime-dir=*) where=("${COMP_WORDS[i]}") ;;
    esac
    case "$at/${COMP_WORDS[i]}" in
@STEPS@    esac
  done
  case "$at:$prev" in
@VALUES@    *) case "$at" in
@WORDS@    esac ;;
  esac
  COMPREPLY=()
  if [[ $cur == -* && -n $options ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
    return
  fi
  case "$kind" in
    FILE) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    DIR) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
    BACKEND|RULE)
      while IFS= read -r name; do
        if [[ $name == "$cur"* ]]; then COMPREPLY+=("$(printf %q "$name")"); fi
      done < <("${COMP_WORDS[0]}" "${where[@]}" --timeout 2 --json "${kind,,}" list 2>/dev/null | @FILTER@) ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$offered" -- "$cur") ;;
  esac
}
complete -F @FUNCTION@ @PROGRAM@
)sh";

constexpr const char* zsh_script = R"sh(#compdef @PROGRAM@
@FUNCTION@() {
  local cur=${words[CURRENT]} prev=${words[CURRENT-1]} at='' kind='' offered='' options=''
  local -a where names
  integer i
  for ((i = 2; i < CURRENT; ++i)); do
    case "${words[i]}" in
      --runtime-dir) where=(--runtime-dir "${words[i+1]}") ;;
      --runtime-dir=*) where=("${words[i]}") ;;
    esac
    case "$at/${words[i]}" in
@STEPS@    esac
  done
  case "$at:$prev" in
@VALUES@    *) case "$at" in
@WORDS@    esac ;;
  esac
  if [[ $cur == -* && -n $options ]]; then
    compadd -- ${=options}
    return
  fi
  case "$kind" in
    FILE) _files ;;
    DIR) _files -/ ;;
    BACKEND|RULE)
      names=("${(@f)$("${words[1]}" "${where[@]}" --timeout 2 --json "${(L)kind}" list 2>/dev/null | @FILTER@)}")
      compadd -- "${names[@]}" ;;
    *) compadd -- ${=offered} ;;
  esac
}
if [[ ${funcstack[1]} == @FUNCTION@ ]]; then @FUNCTION@ "$@"; else compdef @FUNCTION@ @PROGRAM@; fi
)sh";

std::string filled_in(std::string script, const std::string& program,
                      const std::vector<CompletionCommand>& model) {
  replace_all(script, "@STEPS@", steps(model));
  replace_all(script, "@VALUES@", values(model));
  replace_all(script, "@WORDS@", words(model));
  replace_all(script, "@FILTER@", name_filter);
  replace_all(script, "@FUNCTION@", identifier(program));
  replace_all(script, "@PROGRAM@", program);
  return script;
}

}  // namespace

std::string bash_completion(const std::string& program,
                            const std::vector<CompletionCommand>& model) {
  return filled_in(bash_script, program, model);
}

std::string zsh_completion(const std::string& program,
                           const std::vector<CompletionCommand>& model) {
  return filled_in(zsh_script, program, model);
}

}  // namespace bulkhead::proxyctl
