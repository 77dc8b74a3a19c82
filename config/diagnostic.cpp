// Diagnostics as text.
#include "config/diagnostic.h"

#include <algorithm>

namespace bulkhead::config {

std::string to_string(const Diagnostic& diagnostic) {
  std::string out = diagnostic.file;
  if (diagnostic.line != 0) {
    out += ':' + std::to_string(diagnostic.line) + ':' + std::to_string(diagnostic.column);
  }
  if (!out.empty()) out += ": ";
  out += diagnostic.severity == Severity::error ? "error: " : "warning: ";
  if (!diagnostic.key.empty()) out += diagnostic.key + ": ";
  out += diagnostic.message;
  if (!diagnostic.hint.empty()) out += " (" + diagnostic.hint + ')';
  return out;
}

bool has_errors(const std::vector<Diagnostic>& diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(), [](const Diagnostic& diagnostic) {
    return diagnostic.severity == Severity::error;
  });
}

}  // namespace bulkhead::config
