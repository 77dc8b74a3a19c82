#include "supervisor/control/answer.h"

namespace bulkhead::supervisor {

runtime::Task<bool> Answer::text(std::string text) {
  constexpr std::size_t part = 32'000;
  for (std::size_t at = 0; at < text.size(); at += part) {
    proto::TextPart message;
    message.part = std::string_view(text).substr(at, part);
    const bool going_on = co_await row(std::move(message));
    if (!going_on) co_return false;
  }
  co_return true;
}

runtime::Task<bool> Answer::diagnostics(std::vector<config::Diagnostic> diagnostics) {
  for (const config::Diagnostic& diagnostic : diagnostics) {
    proto::DiagnosticRow message;
    message.file = diagnostic.file;
    message.line = diagnostic.line;
    message.column = diagnostic.column;
    message.error = diagnostic.severity == config::Severity::error;
    message.key = diagnostic.key;
    message.message = diagnostic.message;
    message.hint = diagnostic.hint;
    const bool going_on = co_await row(std::move(message));
    if (!going_on) co_return false;
  }
  co_return true;
}

void Answer::done(std::uint8_t exit_code, std::string_view message) {
  proto::Done last;
  last.exit_code = exit_code;
  last.message = message;
  channel_.send(last);
  done_ = true;
}

}  // namespace bulkhead::supervisor
