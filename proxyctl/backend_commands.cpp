#include <fstream>
#include <iostream>

#include "proxyctl/commands.h"
#include "proxyctl/definitions.h"
#include "proxyctl/views.h"

namespace bulkhead::proxyctl {
namespace {

struct AddOptions {
  BackendDefinition backend;
  bool password_from_stdin = false;
  std::string password_file;
};

// The first line: an editor's line end is not part of the password.
tl::expected<std::string, Failure> read_password(std::istream& in, const std::string& name) {
  std::string line;
  if (!std::getline(in, line))
    return tl::unexpected(Failure{ExitCode::usage, "no password could be read from " + name});
  if (!line.empty() && line.back() == '\r') line.pop_back();
  // The configuration would take it for the path of a secret, or for a sealed one.
  for (const std::string_view reserved : {"file:", "enc:"}) {
    if (line.starts_with(reserved))
      return tl::unexpected(Failure{
          ExitCode::usage, "a password cannot begin with \"" + std::string(reserved) + '"'});
  }
  return line;
}

ExitCode add(const Session& session, const AddOptions& options) {
  BackendDefinition backend = options.backend;
  if (options.password_from_stdin || !options.password_file.empty()) {
    std::ifstream file;
    if (!options.password_from_stdin) file.open(options.password_file);
    std::istream& source = options.password_from_stdin ? std::cin : file;
    auto password = read_password(
        source, options.password_from_stdin ? "standard input" : options.password_file);
    if (!password) return fail(session, password.error());
    backend.password = std::move(*password);
  }
  return ask_and_acknowledge(session, {proto::CommandName::backend_add, {to_yaml(backend)}});
}

void add_tls_options(CLI::App& command, BackendDefinition& backend) {
  CLI::Option* tls = command.add_flag("--tls", backend.tls, "Speak TLS to the parent proxy");
  command
      .add_option("--tls-server-name", backend.tls_server_name, "Name its certificate must have")
      ->needs(tls)
      ->type_name("NAME");
  command.add_option("--tls-ca-file", backend.tls_ca_file, "PEM file of the CAs to trust")
      ->needs(tls)
      ->type_name("FILE");
}

void add_add_command(CLI::App& group, Session& session) {
  auto options = std::make_shared<AddOptions>();
  BackendDefinition& backend = options->backend;
  CLI::App* command = add_command(group, session, "add", "Add a backend",
                                  [&session, options] { return add(session, *options); });
  command->add_option("--name,name", backend.name, "Its name")->required()->type_name("NAME");
  command->add_option("--type", backend.type, "The kind of way out")
      ->required()
      ->type_name("TYPE")
      ->check(CLI::IsMember({"direct", "http", "socks5", "echo", "wireguard", "openvpn"}));
  command->add_option("--address", backend.address, "Parent proxy")->type_name("HOST:PORT");
  command->add_option("--username", backend.username, "Name to log in with")->type_name("NAME");
  CLI::Option* standard_input = command->add_flag("--password-stdin", options->password_from_stdin,
                                                  "Read the password from standard input");
  command
      ->add_option("--password-file", options->password_file,
                   "Read the password from the first line of a file")
      ->type_name("FILE")
      ->excludes(standard_input);
  add_tls_options(*command, backend);
  command->add_option("--via", backend.via, "Backend this one is reached through")
      ->type_name("BACKEND");
  command->add_option("--config", backend.config_file, "Configuration of a tunnel")
      ->type_name("FILE");
  command->add_option("--auth-file", backend.auth_file, "OpenVPN: file with username and password")
      ->type_name("FILE");
}

void add_test_command(CLI::App& group, Session& session) {
  auto name = std::make_shared<std::string>(), target = std::make_shared<std::string>();
  CLI::App* command = add_command(
      group, session, "test", "Connect through a backend and say how long it took",
      [&session, name, target] {
        return ask_and_acknowledge(session, {proto::CommandName::backend_test, {*name, *target}});
      });
  command->add_option("--name,name", *name, "Its name")->required()->type_name("BACKEND");
  command
      ->add_option("--target", *target,
                   "Where to connect to; without it, as far as the parent proxy")
      ->type_name("HOST:PORT");
}

}  // namespace

void add_backend_commands(CLI::App& app, Session& session) {
  using enum proto::CommandName;
  CLI::App* group = app.add_subcommand("backend", "The ways out")->require_subcommand(1);
  add_command(*group, session, "list", "All backends", [&session] {
    return ask_and_show(session, {backend_list, {}}, [&session](const Answer& answer) {
      show_backends(session, answer.backends);
    });
  });
  add_add_command(*group, session);
  add_named(*group, session, "remove", "Remove a backend", "BACKEND", backend_remove);
  add_test_command(*group, session);
}

}  // namespace bulkhead::proxyctl
