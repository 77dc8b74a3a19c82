// store backup.
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include "platform/unique_fd.h"
#include "proxyctl/commands.h"
#include "proxyctl/terminal_text.h"

namespace bulkhead::proxyctl {
namespace {

// All of one file into another; what stopped it, or nothing.
std::string copy(const std::string& source, int target) {
  const platform::UniqueFd file(::open(source.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file) return printable(source) + ": " + std::strerror(errno);
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got == 0) break;
    if (got < 0) return printable(source) + ": " + std::strerror(errno);
    for (ssize_t done = 0; done < got;) {
      const ssize_t put =
          ::write(target, buffer.data() + done, static_cast<std::size_t>(got - done));
      if (put < 0) return std::strerror(errno);
      done += put;
    }
  }
  return ::fsync(target) == 0 ? "" : std::strerror(errno);
}

void say_where(const Session& session, const std::string& target) {
  if (!session.json) {
    session.out << "the users' store is copied to " << printable(target) << '\n';
    return;
  }
  JsonWriter json(session.out);
  json.begin_object();
  json.member("ok", true);
  json.member("file", target);
  json.end_object();
}

// The daemon makes the copy in its own directory; from there it is taken, and nothing is left of
// one that cannot be.
ExitCode back_up(const Session& session, const std::string& target) {
  const platform::UniqueFd file(
      ::open(target.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  const auto failed = [&](const std::string& why) {
    return fail(session, {ExitCode::failed, printable(target) + why});
  };
  if (!file)
    return failed(errno == EEXIST ? " is there already" : std::string(": ") + std::strerror(errno));
  std::string problem;
  const ExitCode asked =
      ask_and_show(session, AuthQuestion{proto::AuthCommandName::store_backup, {}, {}, {}},
                   [&](const Answer& answer) {
                     problem = copy(answer.text, file.get());
                     ::unlink(answer.text.c_str());
                     if (problem.empty()) say_where(session, target);
                   });
  if (asked == ExitCode::ok && problem.empty()) return asked;
  ::unlink(target.c_str());
  return problem.empty() ? asked : failed(": " + problem);
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
