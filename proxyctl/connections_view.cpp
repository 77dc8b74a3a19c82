#include <algorithm>
#include <tuple>

#include "proxyctl/table.h"
#include "proxyctl/units.h"
#include "proxyctl/views.h"

namespace bulkhead::proxyctl {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool holds(const std::string& text, const std::string& part) {
  return std::search(text.begin(), text.end(), part.begin(), part.end(),
                     [](char a, char b) { return lower(a) == lower(b); }) != text.end();
}

bool passes(const proto::ConnectionRow& row, const std::string& filter) {
  return holds(row.client.to_string(), filter) || holds(row.user.value, filter) ||
         holds(row.destination.value, filter) || holds(row.backend.value, filter) ||
         holds(row.rule.value, filter) || holds(row.protocol.value, filter) ||
         holds(row.state.value, filter);
}

bool comes_before(const proto::ConnectionRow& a, const proto::ConnectionRow& b,
                  ConnectionOrder order) {
  switch (order) {
    case ConnectionOrder::bytes:
      return a.up + a.down > b.up + b.down;
    case ConnectionOrder::client:
      return a.client < b.client;
    case ConnectionOrder::user:
      return a.user.value < b.user.value;
    case ConnectionOrder::destination:
      return a.destination.value < b.destination.value;
    case ConnectionOrder::backend:
      return a.backend.value < b.backend.value;
    default:
      return a.age_ms > b.age_ms;
  }
}

void write(JsonWriter& json, const proto::ConnectionRow& row) {
  json.begin_object();
  json.member("id", row.id);
  json.member("worker", row.worker);
  json.member("client", row.client.to_string());
  json.member("user", row.user.value);
  json.member("protocol", row.protocol.value);
  json.member("destination", row.destination.value);
  json.member("backend", row.backend.value);
  json.member("rule", row.rule.value);
  json.member("state", row.state.value);
  json.member("age_ms", row.age_ms);
  json.member("bytes_up", row.up);
  json.member("bytes_down", row.down);
  json.end_object();
}

}  // namespace

std::vector<proto::ConnectionRow> select_connections(std::vector<proto::ConnectionRow> rows,
                                                     ConnectionOrder order,
                                                     const std::string& filter) {
  std::erase_if(rows, [&](const auto& row) { return !passes(row, filter); });
  std::stable_sort(rows.begin(), rows.end(),
                   [&](const auto& a, const auto& b) { return comes_before(a, b, order); });
  return rows;
}

void write_connections(JsonWriter& json, const std::vector<proto::ConnectionRow>& rows) {
  json.begin_array();
  for (const auto& row : rows) write(json, row);
  json.end_array();
}

void show_connections(const Session& session, const std::vector<proto::ConnectionRow>& rows) {
  if (session.json) {
    JsonWriter json(session.out);
    write_connections(json, rows);
    return;
  }
  Table table({{"ID", Align::right},
               {"CLIENT"},
               {"USER"},
               {"PROTOCOL"},
               {"DESTINATION"},
               {"BACKEND"},
               {"RULE"},
               {"STATE"},
               {"AGE", Align::right},
               {"UP", Align::right},
               {"DOWN", Align::right}});
  for (const auto& row : rows) {
    table.add({std::to_string(row.id), row.client.to_string(), row.user.value, row.protocol.value,
               row.destination.value, row.backend.value, row.rule.value, row.state.value,
               short_duration(row.age_ms), short_bytes(row.up), short_bytes(row.down)});
  }
  table.print(session.out, session.terminal);
}

}  // namespace bulkhead::proxyctl
