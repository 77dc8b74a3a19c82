// store backup.
#include <filesystem>

#include "proxyctl/commands.h"
#include "proxyctl/terminal_text.h"

namespace bulkhead::proxyctl {
namespace {

// The daemon makes the copy in its own directory; from there it is taken.
ExitCode back_up(const Session& session, const std::string& target) {
  if (std::filesystem::exists(std::filesystem::symlink_status(target)))
    return fail(session, {ExitCode::failed, printable(target) + " is there already"});
  return ask_and_show(
      session, AuthQuestion{proto::AuthCommandName::store_backup, {}, {}, {}},
      [&](const Answer& answer) {
        namespace fs = std::filesystem;
        std::error_code error;
        fs::copy_file(answer.text, target, error);
        if (!error) fs::permissions(target, fs::perms::owner_read | fs::perms::owner_write, error);
        if (error) {
          session.err << "proxyctl: " << printable(target) << ": " << error.message()
                      << "; the copy is at " << printable(answer.text) << '\n';
          return;
        }
        fs::remove(answer.text, error);
        if (session.json) {
          JsonWriter json(session.out);
          json.begin_object();
          json.member("ok", true);
          json.member("file", target);
          json.end_object();
          return;
        }
        session.out << "the users' store is copied to " << printable(target) << '\n';
      });
}

}  // namespace

void add_store_commands(CLI::App& app, Session& session) {
  CLI::App* store = app.add_subcommand("store", "Where users are kept")->require_subcommand(1);
  auto target = std::make_shared<std::string>();
  add_command(*store, session, "backup", "Copy the store (SQLite) while it is in use",
              [&session, target] { return back_up(session, *target); })
      ->add_option("file", *target, "A file that is not there yet")
      ->required()
      ->type_name("FILE");
}

}  // namespace bulkhead::proxyctl
