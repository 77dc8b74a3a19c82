// user limits, user usage.
#include <locale>
#include <sstream>

#include "proxyctl/commands.h"
#include "proxyctl/definitions.h"
#include "proxyctl/views.h"

namespace bulkhead::proxyctl {
namespace {

using enum proto::AuthCommandName;

struct LimitOptions {
  std::string user;
  std::optional<double> requests_per_second, mbps;
  std::optional<std::uint32_t> burst, connections;
  std::optional<std::string> quota;
  std::optional<std::vector<std::string>> domains, destinations;
  bool usual = false;
};

std::string list_of(const std::vector<std::string>& items) {
  std::string text = "[";
  for (const std::string& item : items) text += (text.size() == 1 ? "" : ", ") + yaml_text(item);
  return text + "]";
}

// The limits given, as the configuration writes them; "-" for a list empties it.
std::string to_yaml(const LimitOptions& options) {
  std::string yaml;
  const auto add = [&yaml](std::string_view key, const std::string& value) {
    yaml += std::string(key) + ": " + value + '\n';
  };
  const auto number = [](double value) {
    std::ostringstream text;
    text.imbue(std::locale::classic());
    text << value;
    return text.str();
  };
  if (options.requests_per_second) add("requests_per_second", number(*options.requests_per_second));
  if (options.burst) add("burst", std::to_string(*options.burst));
  if (options.mbps) add("max_mbps", number(*options.mbps));
  if (options.connections) add("max_connections", std::to_string(*options.connections));
  if (options.quota) add("monthly_quota", yaml_text(*options.quota));
  const std::vector<std::string> nothing{"-"};
  if (options.domains)
    add("domains", *options.domains == nothing ? "[]" : list_of(*options.domains));
  if (options.destinations)
    add("destinations", *options.destinations == nothing ? "[]" : list_of(*options.destinations));
  return yaml;
}

ExitCode change_limits(const Session& session, const LimitOptions& options) {
  const std::string yaml = options.usual ? "default" : to_yaml(options);
  if (yaml.empty()) {
    return ask_and_show(session, AuthQuestion{user_list, options.user, {}, {}},
                        [&](const Answer& answer) { show_users(session, answer.users); });
  }
  AuthQuestion question{user_limits, options.user, {}, {}};
  constexpr std::size_t part = 1000;
  for (std::size_t at = 0; at < yaml.size(); at += part)
    question.arguments.push_back(yaml.substr(at, part));
  return ask_and_acknowledge(session, question);
}

void add_limit_options(CLI::App& command, LimitOptions& options) {
  command.add_option("--requests-per-second", options.requests_per_second, "0: unlimited")
      ->type_name("RATE");
  command.add_option("--burst", options.burst, "Requests above the rate taken at once")
      ->type_name("N");
  command.add_option("--mbps", options.mbps, "Mbit/s of all connections together; 0: unlimited")
      ->type_name("MBPS");
  command.add_option("--connections", options.connections, "At the same time; 0: unlimited")
      ->type_name("N");
  command.add_option("--quota", options.quota, "Bytes a calendar month (10GB); 0: unlimited")
      ->type_name("SIZE");
  command.add_option("--domains", options.domains, "Names that may be reached; - for all")
      ->delimiter(',')
      ->type_name("DOMAIN");
  command
      .add_option("--destinations", options.destinations,
                  "Addresses that may be reached; - for none but by name")
      ->delimiter(',')
      ->type_name("CIDR");
}

// What is named beside --default would be lost, and nobody would notice.
void add_default_flag(CLI::App& command, LimitOptions& options, const CLI::Option* user) {
  CLI::Option* usual = command.add_flag("--default", options.usual, "As server.auth.limits says");
  for (CLI::Option* other : command.get_options())
    if (other != user && other != usual && other != command.get_help_ptr()) usual->excludes(other);
}

void add_limits_command(CLI::App& group, Session& session) {
  auto options = std::make_shared<LimitOptions>();
  CLI::App* command = add_command(group, session, "limits",
                                  "Show or change what a user may do, at once and of any method",
                                  [&session, options] { return change_limits(session, *options); });
  const CLI::Option* user = add_user_option(*command, options->user)->required();
  add_limit_options(*command, *options);
  add_default_flag(*command, *options, user);
}

void add_usage_command(CLI::App& group, Session& session) {
  auto user = std::make_shared<std::string>();
  auto days = std::make_shared<std::uint32_t>(30);
  CLI::App* command =
      add_command(group, session, "usage", "Traffic by user and day (UTC)", [&session, user, days] {
        return ask_and_show(session, AuthQuestion{user_usage, *user, {}, {std::to_string(*days)}},
                            [&](const Answer& answer) { show_usage(session, answer.usage); });
      });
  add_user_option(*command, *user);
  command->add_option("--days", *days, "How far back")
      ->type_name("N")
      ->check(CLI::Range(0, 10'000));
}

}  // namespace

void add_user_limit_commands(CLI::App& user, Session& session) {
  add_limits_command(user, session);
  add_usage_command(user, session);
}

}  // namespace bulkhead::proxyctl
