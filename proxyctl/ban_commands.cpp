#include <chrono>
#include <map>

#include "proxyctl/commands.h"
#include "proxyctl/views.h"

namespace bulkhead::proxyctl {
namespace {

// "90s", "10m", "2h", "7d"; a bare number is seconds.
std::string milliseconds_of(const std::string& time) {
  static const std::map<std::string, std::uint64_t> units{
      {"", 1000}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
  const std::size_t digits = time.find_first_not_of("0123456789");
  const auto unit = units.find(digits == std::string::npos ? "" : time.substr(digits));
  const std::string number = time.substr(0, digits);
  if (unit == units.end() || number.empty() || number.size() > 9) return {};
  return std::to_string(std::stoull(number) * unit->second);
}

std::string check_time(const std::string& time) {
  return milliseconds_of(time).empty() ? "expected a time like 90s, 10m, 2h or 7d" : "";
}

void add_add_command(CLI::App& group, Session& session) {
  auto address = std::make_shared<std::string>(), time = std::make_shared<std::string>("10m");
  CLI::App* command = add_command(
      group, session, "add", "Keep a client address out for a time", [&session, address, time] {
        return ask_and_acknowledge(
            session, {proto::CommandName::ban_add, {*address, milliseconds_of(*time)}});
      });
  command->add_option("address", *address, "Of IPv6, its /64")->required()->type_name("ADDRESS");
  command->add_option("--for", *time, "How long: 90s, 10m, 2h, 7d")
      ->type_name("TIME")
      ->check(check_time);
}

void add_lift_command(CLI::App& group, Session& session) {
  auto address = std::make_shared<std::string>();
  CLI::App* command =
      add_command(group, session, "lift", "Let a client address in again", [&session, address] {
        return ask_and_acknowledge(session, {proto::CommandName::ban_lift, {*address}});
      });
  command->add_option("address", *address, "As it is listed")->required()->type_name("ADDRESS");
}

}  // namespace

void add_ban_commands(CLI::App& app, Session& session) {
  CLI::App* group =
      app.add_subcommand("ban", "Client addresses that are kept out")->require_subcommand(1);
  add_command(*group, session, "list", "Who is, why, and for how long", [&session] {
    return ask_and_show(session, {proto::CommandName::ban_list, {}},
                        [&session](const Answer& answer) { show_bans(session, answer.bans); });
  });
  add_add_command(*group, session);
  add_lift_command(*group, session);
}

}  // namespace bulkhead::proxyctl
