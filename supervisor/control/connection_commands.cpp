// connections, connections close.
#include <algorithm>
#include <charconv>
#include <optional>

#include "supervisor/control/commands.h"

namespace bulkhead::supervisor {
namespace {

constexpr runtime::Duration connections_timeout{5'000};

std::optional<std::uint64_t> parse_id(const std::string& text) {
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc{} || end != text.data() + text.size() || id == 0) return std::nullopt;
  return id;
}

// "7: 192.0.2.1:40000 to example.com:443 (connect)"
std::string describe(const proto::ConnectionRow& row) {
  std::string text = std::to_string(row.id) + ": " + row.client.to_string();
  if (!row.destination.value.empty()) text += " to " + row.destination.value;
  return text + " (" + row.protocol.value + ')';
}

}  // namespace

runtime::Task<void> list_connections(Supervisor& supervisor, const proto::Command&,
                                     Answer& answer) {
  const auto deadline = runtime::Loop::current().after(connections_timeout);
  for (const auto& acceptor : supervisor.all_acceptors()) {
    const auto rows = co_await acceptor->connections(deadline);
    for (const proto::ConnectionRow& row : rows) {
      const bool going_on = co_await answer.row(row);
      if (!going_on) co_return;
    }
  }
}

runtime::Task<void> close_connection(Supervisor& supervisor, const proto::Command& command,
                                     Answer& answer) {
  const auto id = parse_id(argument(command, 0));
  if (!id) {
    answer.done(1, "not the id of a connection: " + argument(command, 0));
    co_return;
  }
  const auto deadline = runtime::Loop::current().after(connections_timeout);
  proto::CloseConnections message;
  message.id = *id;
  for (const auto& acceptor : supervisor.all_acceptors()) {
    const auto rows = co_await acceptor->connections(deadline);
    const auto found = std::find_if(rows.begin(), rows.end(),
                                    [&](const proto::ConnectionRow& row) { return row.id == *id; });
    if (found == rows.end()) continue;
    acceptor->channel().send(message);
    answer.done(0, "closed connection " + describe(*found));
    co_return;
  }
  answer.done(1, "there is no connection " + argument(command, 0));
}

}  // namespace bulkhead::supervisor
