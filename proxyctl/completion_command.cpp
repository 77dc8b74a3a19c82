#include "proxyctl/commands.h"
#include "proxyctl/completion.h"

namespace bulkhead::proxyctl {
namespace {

ExitCode print(const Session& session, const CLI::App& app, const std::string& shell) {
  const auto model = completion_model(app);
  if (shell == "zsh")
    session.out << zsh_completion(app.get_name(), model);
  else if (shell == "fish")
    session.out << fish_completion(app.get_name(), model);
  else
    session.out << bash_completion(app.get_name(), model);
  return ExitCode::ok;
}

}  // namespace

void add_completion_command(CLI::App& app, Session& session) {
  auto shell = std::make_shared<std::string>();
  add_command(app, session, "completion", "A completion script for a shell",
              [&session, &app, shell] { return print(session, app, *shell); })
      ->add_option("shell", *shell, "Whose")
      ->required()
      ->type_name("SHELL")
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
}

}  // namespace bulkhead::proxyctl
