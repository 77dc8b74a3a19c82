#include <charconv>
#include <map>

#include "proxyctl/commands.h"
#include "proxyctl/views.h"

namespace bulkhead::proxyctl {
namespace {

struct ListOptions {
  std::string order = "age";
  std::string filter;
  std::optional<std::uint64_t> kill;
};

// As CLI11 wants it: empty, or what is wrong.
std::string check_id(const std::string& text) {
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error == std::errc{} && end == text.data() + text.size() && id != 0) return {};
  return "'" + text + "' is not the id of a connection";
}

ConnectionOrder order_of(const std::string& name) {
  static const std::map<std::string, ConnectionOrder> orders{
      {"age", ConnectionOrder::age},
      {"bytes", ConnectionOrder::bytes},
      {"client", ConnectionOrder::client},
      {"user", ConnectionOrder::user},
      {"destination", ConnectionOrder::destination},
      {"backend", ConnectionOrder::backend}};
  const auto found = orders.find(name);
  return found == orders.end() ? ConnectionOrder::age : found->second;
}

ExitCode run(const Session& session, const ListOptions& options) {
  using enum proto::CommandName;
  if (options.kill)
    return ask_and_acknowledge(session, {close_connection, {std::to_string(*options.kill)}});
  return ask_and_show(session, {connections, {}}, [&](const Answer& answer) {
    show_connections(
        session, select_connections(answer.connections, order_of(options.order), options.filter));
  });
}

}  // namespace

void add_connection_commands(CLI::App& app, Session& session) {
  auto options = std::make_shared<ListOptions>();
  CLI::App* command =
      add_command(app, session, "connections", "What is being carried, or end one of it",
                  [&session, options] { return run(session, *options); });
  command->add_option("--sort", options->order, "Which come first")
      ->type_name("ORDER")
      ->check(CLI::IsMember({"age", "bytes", "client", "user", "destination", "backend"}));
  command->add_option("--filter", options->filter, "Only those with this text in a column")
      ->type_name("TEXT");
  command->add_option("--kill", options->kill, "End the connection of this id")
      ->type_name("ID")
      ->check(check_id);
}

}  // namespace bulkhead::proxyctl
