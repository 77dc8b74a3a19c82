#include "supervisor/control/managed_edit.h"

#include <sstream>

namespace bulkhead::supervisor {
namespace {

struct Frame {
  std::string head, indent;
  std::string item;  // the key of what it holds
};

Frame frame_of(const std::string& section) {
  if (section == "rules") return {"rules:\n  - rule:\n", std::string(6, ' '), "rules[0].rule"};
  return {section + ":\n  -\n", std::string(4, ' '), section + "[0]"};
}

// What is added stands in no file yet: it is known by its field alone, "proxy.address".
void speak_of_field(config::Diagnostic& diagnostic, const std::string& item) {
  diagnostic.file.clear();
  diagnostic.line = diagnostic.column = 0;
  if (!diagnostic.key.starts_with(item)) return;
  diagnostic.key.erase(0, item.size());
  if (diagnostic.key.starts_with('.')) diagnostic.key.erase(0, 1);
}

}  // namespace

config::ManagedResult read_fragment(const std::string& section, const std::string& fragment,
                                    const config::LoadOptions& options) {
  const Frame frame = frame_of(section);
  std::string text = frame.head;
  std::istringstream lines(fragment);
  for (std::string line; std::getline(lines, line);) text += frame.indent + line + '\n';
  config::ManagedResult read = config::read_managed_text(text, "argument", options);
  for (auto& diagnostic : read.diagnostics) speak_of_field(diagnostic, frame.item);
  return read;
}

runtime::Task<bool> refuse_fragment(const config::ManagedResult& read, std::size_t items,
                                    std::string what, Answer& answer) {
  if (config::has_errors(read.diagnostics)) {
    co_await answer.diagnostics(read.diagnostics);
    answer.done(1, "the " + what + " has errors");
    co_return true;
  }
  if (items != 1) answer.done(1, "exactly one " + what + " is needed");
  co_return items != 1;
}

runtime::Task<void> change(Supervisor& supervisor,
                           std::function<std::string(config::Managed&)> edit, std::string success,
                           Answer& answer, std::shared_ptr<const std::string> added) {
  Outcome outcome = co_await supervisor.reload().change_managed(std::move(edit), answer.actor());
  if (outcome.ok) {
    answer.done(0, success);
    co_return;
  }
  const std::string& managed_file = *supervisor.reload().options().managed_file;
  for (auto& diagnostic : outcome.diagnostics) {
    const bool of_item = added && !added->empty() && diagnostic.key.starts_with(*added);
    if (of_item && diagnostic.file == managed_file) speak_of_field(diagnostic, *added);
  }
  co_await answer.diagnostics(std::move(outcome.diagnostics));
  answer.done(1, outcome.summary);
}

}  // namespace bulkhead::supervisor
