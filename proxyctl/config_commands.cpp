#include "config/load.h"
#include "config/schema.h"
#include "proxyctl/commands.h"
#include "proxyctl/terminal_text.h"
#include "proxyctl/views.h"

namespace bulkhead::proxyctl {
namespace {

// Needs no daemon.
ExitCode validate(const Session& session, const std::string& file) {
  config::LoadOptions options;
  options.file = file;
  const auto result = config::load(options);
  const bool bad = config::has_errors(result.diagnostics);
  if (session.json) {
    JsonWriter json(session.out);
    write_diagnostics(json, result.diagnostics);
  } else {
    for (const auto& diagnostic : result.diagnostics) {
      session.err << printable_lines(config::to_string(diagnostic)) << '\n';
    }
    if (!bad) session.out << printable(file) << ": valid\n";
  }
  return bad ? ExitCode::configuration_invalid : ExitCode::ok;
}

// Without a file: the one that the daemon runs on.
ExitCode validate_running(const Session& session) {
  std::string file;
  const ExitCode asked =
      ask_and_show(session, {proto::CommandName::status, {}}, [&](const Answer& answer) {
        if (!answer.status.empty()) file = answer.status.front().config_file.value;
      });
  if (asked != ExitCode::ok) return asked;
  if (file.empty())
    return fail(session,
                {ExitCode::usage, "the daemon runs on its built-in defaults: name a file"});
  return validate(session, file);
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
  add_command(*group, session, "validate", "Check a file, or the one the daemon runs on",
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
