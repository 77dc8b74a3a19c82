// secret key, secret seal: values of the configuration that only a key file opens. Need no daemon.
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/sealed.h"
#include "platform/unique_fd.h"
#include "proxyctl/commands.h"
#include "proxyctl/password_input.h"

namespace bulkhead::proxyctl {
namespace {

// One that is there is never overwritten: what it sealed would be lost.
ExitCode make_key(const Session& session, const std::string& path) {
  const platform::UniqueFd file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return fail(session, {ExitCode::failed, path + ": " + std::strerror(errno)});
  const platform::Secret key = config::new_sealing_key();
  const std::string_view text = key.reveal();
  const bool written =
      ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      ::write(file.get(), "\n", 1) == 1 && ::fsync(file.get()) == 0;
  if (!written) return fail(session, {ExitCode::failed, path + ": " + std::strerror(errno)});
  Answer made;
  made.done.message = "a new key is in " + path + ": keep a copy, and keep it secret";
  acknowledge(session, made);
  return ExitCode::ok;
}

ExitCode seal(const Session& session, const std::string& path) {
  const auto key = config::read_sealing_key(path);
  if (!key) return fail(session, {ExitCode::failed, key.error()});
  const auto secret = read_password("Secret", true);
  if (!secret) return fail(session, secret.error());
  const std::string sealed = config::seal(secret->reveal(), *key);
  if (session.json) {
    JsonWriter json(session.out);
    json.begin_object();
    json.member("sealed", sealed);
    json.end_object();
  } else {
    session.out << sealed << '\n';
  }
  return ExitCode::ok;
}

}  // namespace

void add_secret_commands(CLI::App& app, Session& session) {
  CLI::App* group =
      app.add_subcommand("secret", "Sealed values of the configuration")->require_subcommand(1);
  auto made = std::make_shared<std::string>();
  add_command(*group, session, "key", "Make a key file",
              [&session, made] { return make_key(session, *made); })
      ->add_option("file", *made, "secret.key beside the configuration")
      ->required()
      ->type_name("FILE");
  auto used = std::make_shared<std::string>();
  add_command(*group, session, "seal", "Seal a secret; it is asked for",
              [&session, used] { return seal(session, *used); })
      ->add_option("--key-file", *used, "What \"secret key\" has made")
      ->required()
      ->type_name("FILE");
}

}  // namespace bulkhead::proxyctl
