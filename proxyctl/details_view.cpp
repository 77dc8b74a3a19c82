// What comes with the news that a command was done, or was not: diagnostics, and how a test went.
#include "proxyctl/terminal_text.h"
#include "proxyctl/views.h"

namespace bulkhead::proxyctl {

config::Diagnostic to_diagnostic(const proto::DiagnosticRow& row) {
  config::Diagnostic diagnostic;
  diagnostic.file = row.file.value;
  diagnostic.line = row.line;
  diagnostic.column = row.column;
  diagnostic.severity = row.error ? config::Severity::error : config::Severity::warning;
  diagnostic.key = row.key.value;
  diagnostic.message = row.message.value;
  diagnostic.hint = row.hint.value;
  return diagnostic;
}

namespace {

void write(JsonWriter& json, const config::Diagnostic& diagnostic) {
  json.begin_object();
  json.member("file", diagnostic.file);
  json.member("line", diagnostic.line);
  json.member("column", diagnostic.column);
  json.member("severity", diagnostic.severity == config::Severity::error ? "error" : "warning");
  json.member("key", diagnostic.key);
  json.member("message", diagnostic.message);
  json.member("hint", diagnostic.hint);
  json.end_object();
}

std::string milliseconds(std::uint32_t microseconds) {
  const std::string fraction = std::to_string(microseconds % 1000 + 1000).substr(1);
  return std::to_string(microseconds / 1000) + '.' + fraction + " ms";
}

bool connected(const proto::BackendTested& tested) {
  return tested.ok && tested.remote.port != 0;
}

std::string describe(const proto::BackendTested& tested) {
  if (!tested.ok) return std::string(to_string(tested.reason)) + ": " + tested.detail.value + '\n';
  if (!connected(tested)) return {};  // the daemon's message says why
  std::string text = "connected to " + tested.remote.to_string() + '\n';
  text += "resolve   " + milliseconds(tested.resolve_us) + '\n';
  text += "connect   " + milliseconds(tested.connect_us) + '\n';
  if (tested.handshake_us != 0) text += "handshake " + milliseconds(tested.handshake_us) + '\n';
  if (!tested.detail.value.empty()) text += tested.detail.value + '\n';
  return text;
}

void write(JsonWriter& json, const proto::BackendTested& tested) {
  json.member("connected", connected(tested));
  if (connected(tested)) json.member("remote", tested.remote.to_string());
  if (!tested.ok) json.member("reason", to_string(tested.reason));
  if (!tested.detail.value.empty()) json.member("detail", tested.detail.value);
  json.member("resolve_us", tested.resolve_us);
  json.member("connect_us", tested.connect_us);
  json.member("handshake_us", tested.handshake_us);
}

}  // namespace

void write_diagnostics(JsonWriter& json, const std::vector<config::Diagnostic>& diagnostics) {
  json.begin_array();
  for (const auto& diagnostic : diagnostics) write(json, diagnostic);
  json.end_array();
}

void print_details(std::ostream& out, const Answer& answer) {
  for (const auto& row : answer.diagnostics)
    out << printable_lines(config::to_string(to_diagnostic(row))) << '\n';
  for (const auto& tested : answer.tests) out << printable_lines(describe(tested));
}

void write_details(JsonWriter& json, const Answer& answer) {
  if (!answer.diagnostics.empty()) {
    std::vector<config::Diagnostic> diagnostics;
    diagnostics.reserve(answer.diagnostics.size());
    for (const auto& row : answer.diagnostics) diagnostics.push_back(to_diagnostic(row));
    json.key("diagnostics");
    write_diagnostics(json, diagnostics);
  }
  for (const auto& tested : answer.tests) write(json, tested);
}

}  // namespace bulkhead::proxyctl
