#include <filesystem>

#include "config/load.h"
#include "config/schema.h"
#include "proxyctl/commands.h"
#include "proxyctl/terminal_text.h"
#include "proxyctl/views.h"

namespace bulkhead::proxyctl {
namespace {

ExitCode show_validated(const Session& session, const std::vector<config::Diagnostic>& diagnostics,
                        const std::string& verdict) {
  const bool bad = config::has_errors(diagnostics);
  if (session.json) {
    JsonWriter json(session.out);
    write_diagnostics(json, diagnostics);
  } else {
    for (const auto& diagnostic : diagnostics)
      session.err << printable_lines(config::to_string(diagnostic)) << '\n';
    if (!bad) session.out << printable(verdict) << '\n';
  }
  return bad ? ExitCode::configuration_invalid : ExitCode::ok;
}

// By the daemon itself: its managed file, command line and environment are part of what it runs.
ExitCode validate_running(const Session& session) {
  ExitCode verdict = ExitCode::ok;
  const ExitCode asked = ask_and_show(
      session, {proto::CommandName::config_show, {"validate"}}, [&](const Answer& answer) {
        std::vector<config::Diagnostic> diagnostics;
        diagnostics.reserve(answer.diagnostics.size());
        for (const auto& row : answer.diagnostics) diagnostics.push_back(to_diagnostic(row));
        verdict = show_validated(session, diagnostics, answer.done.message.value);
      });
  return asked == ExitCode::ok ? verdict : asked;
}

// Whether a daemon that answers runs on this file. One that does not answer changes nothing.
bool is_daemons(const Session& session, const std::string& file) {
  constexpr std::chrono::milliseconds patience{2'000};
  const auto answer =
      ask(session.runtime_directory, Question{proto::CommandName::status, {}}, patience);
  if (!answer || answer->status.empty()) return false;
  std::error_code error;
  return std::filesystem::equivalent(answer->status.front().config_file.value, file, error);
}

ExitCode validate(const Session& session, const std::string& file) {
  if (is_daemons(session, file)) return validate_running(session);
  config::LoadOptions options;
  options.file = file;
  return show_validated(session, config::load(options).diagnostics, file + ": valid");
}

void show(const Session& session, const Answer& answer) {
  if (!session.json) {
    session.out << printable_lines(answer.text);
    return;
  }
  JsonWriter json(session.out);
  json.begin_object();
  json.member("config", answer.text);
  json.end_object();
}

ExitCode print(const Session& session, const std::string& text) {
  session.out << text;
  return ExitCode::ok;
}

}  // namespace

void add_config_commands(CLI::App& app, Session& session) {
  CLI::App* group = app.add_subcommand("config", "The configuration")->require_subcommand(1);
  add_command(*group, session, "show", "The configuration in force, secrets masked", [&session] {
    return ask_and_show(session, {proto::CommandName::config_show, {}},
                        [&session](const Answer& answer) { show(session, answer); });
  });
  auto file = std::make_shared<std::string>();
  add_command(*group, session, "validate", "Check a file, or all that the daemon runs on",
              [&session, file] {
                return file->empty() ? validate_running(session) : validate(session, *file);
              })
      ->add_option("file", *file, "The configuration file; then no daemon is needed")
      ->type_name("FILE");
  add_acknowledged(*group, session, "reload",
                   "Read the configuration again; one that is invalid changes nothing",
                   proto::CommandName::config_reload);
  add_command(*group, session, "schema", "The JSON Schema of the configuration, for editors",
              [&session] { return print(session, config::json_schema()); });
  add_command(*group, session, "reference", "Every setting, as Markdown",
              [&session] { return print(session, config::markdown_reference()); });
}

}  // namespace bulkhead::proxyctl
