#include "supervisor/control/managed_edit.h"

#include <algorithm>
#include <sstream>

namespace bulkhead::supervisor {
namespace {

struct Frame {
  std::string head, indent;
  unsigned lines = 0;
};

Frame frame_of(const std::string& section) {
  if (section == "rules") return {"rules:\n  - rule:\n", std::string(6, ' '), 2};
  return {section + ":\n  -\n", std::string(4, ' '), 2};
}

}  // namespace

config::ManagedResult read_fragment(const std::string& section, const std::string& fragment,
                                    const config::LoadOptions& options) {
  const Frame frame = frame_of(section);
  std::string text = frame.head;
  std::istringstream lines(fragment);
  for (std::string line; std::getline(lines, line);) text += frame.indent + line + '\n';
  config::ManagedResult read = config::read_managed_text(text, "argument", options);
  for (auto& diagnostic : read.diagnostics) {
    diagnostic.line -= std::min(diagnostic.line, frame.lines);
    diagnostic.column -= std::min(diagnostic.column, static_cast<unsigned>(frame.indent.size()));
  }
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
                           Answer& answer) {
  const Outcome outcome =
      co_await supervisor.reload().change_managed(std::move(edit), answer.actor());
  if (outcome.ok) {
    answer.done(0, success);
    co_return;
  }
  co_await answer.diagnostics(outcome.diagnostics);
  answer.done(1, outcome.summary);
}

}  // namespace bulkhead::supervisor
