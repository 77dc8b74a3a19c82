// What is wrong, or doubtful, in a configuration, and where.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bulkhead::config {

enum class Severity : std::uint8_t { error, warning };

struct Diagnostic {
  std::string file;     // or "command line"
  unsigned line = 0;    // 1-based; 0: not of one line
  unsigned column = 0;  // 1-based
  Severity severity = Severity::error;
  std::string key;  // "server.http_prot", "rules[3].backend"; empty: the file as a whole
  std::string message;
  std::string hint;  // may be empty

  friend bool operator==(const Diagnostic&, const Diagnostic&) = default;
};

// "file:line:column: error: key: message (hint)", without what is absent.
std::string to_string(const Diagnostic& diagnostic);

bool has_errors(const std::vector<Diagnostic>& diagnostics);

}  // namespace bulkhead::config
