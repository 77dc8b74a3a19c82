// ban list, add, lift.
#include <charconv>
#include <optional>

#include "config/text.h"
#include "proto/ban.h"
#include "supervisor/control/commands.h"

namespace bulkhead::supervisor {
namespace {

constexpr std::uint64_t longest_ban_ms = std::uint64_t{365} * 24 * 3600 * 1000;

// Answers when it is none.
std::optional<wire::IpAddress> address_in(const proto::Command& command, Answer& answer) {
  const auto address = wire::IpAddress::parse(argument(command, 0));
  if (!address) answer.done(1, "not an address: " + argument(command, 0));
  return address;
}

std::optional<config::Duration> time_in(const std::string& text) {
  std::uint64_t milliseconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), milliseconds);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (milliseconds == 0 || milliseconds > longest_ban_ms) return std::nullopt;
  return config::Duration(milliseconds);
}

}  // namespace

runtime::Task<void> list_bans(Supervisor& supervisor, const proto::Command&, Answer& answer) {
  for (const ipc::Ban& ban : supervisor.pages().bans().list()) {
    proto::BanRow row;
    row.client.address = ban.address;
    row.reason = to_string(ban.reason);
    row.since_ms = ban.since_ms;
    row.left_ms = ban.left_ns / 1'000'000;
    const bool going_on = co_await answer.row(std::move(row));
    if (!going_on) co_return;
  }
}

runtime::Task<void> add_ban(Supervisor& supervisor, const proto::Command& command, Answer& answer) {
  const auto address = address_in(command, answer);
  if (!address) co_return;
  const auto time = time_in(argument(command, 1));
  if (!time) {
    answer.done(1, "not a time of up to a year: " + argument(command, 1));
    co_return;
  }
  supervisor.pages().bans().ban(*address, proto::BanReason::by_hand, *time);
  supervisor.workforce().audit("ban", answer.actor(),
                               address->to_string() + " for " + config::format(*time));
  answer.done(0, address->to_string() + " is banned");
}

runtime::Task<void> lift_ban(Supervisor& supervisor, const proto::Command& command,
                             Answer& answer) {
  const auto address = address_in(command, answer);
  if (!address) co_return;
  const bool lifted = supervisor.pages().bans().lift(*address);
  if (lifted) supervisor.workforce().audit("ban_lifted", answer.actor(), address->to_string());
  answer.done(lifted ? 0 : 1,
              address->to_string() + (lifted ? " may connect again" : " is not banned"));
}

}  // namespace bulkhead::supervisor
