#include <algorithm>

#include "proxyctl/table.h"
#include "proxyctl/units.h"
#include "proxyctl/views.h"

namespace bulkhead::proxyctl {
namespace {

void write_time(JsonWriter& json, std::string_view name, std::uint64_t unix_ms) {
  json.key(name);
  if (unix_ms == 0) return json.value(nullptr);
  json.value(iso_time(unix_ms));
}

void write_milliseconds(JsonWriter& json, std::string_view name, std::uint32_t microseconds) {
  json.key(name);
  if (microseconds == 0) return json.value(nullptr);
  json.value(static_cast<double>(microseconds) / 1000);
}

void write_state(JsonWriter& json, const proto::BackendRow& row) {
  json.member("status", row.state.value.empty() ? "unknown" : row.state.value);
  json.member("found_by", row.found_by.value);
  json.member("check", row.check.value);
  write_time(json, "since", row.since_ms);
  write_time(json, "last_check", row.checked_ms);
  write_milliseconds(json, "latency_ms", row.latency_us);
  write_milliseconds(json, "connect_ms", row.connect_us);
  json.member("consecutive_failures", row.failures);
  json.key("uptime_percent");
  if (row.uptime_hundredths == UINT32_MAX)
    json.value(nullptr);
  else
    json.value(static_cast<double>(row.uptime_hundredths) / 100);
  json.member("checks", row.checks);
  json.member("failed_checks", row.failed_checks);
  json.member("problem", row.problem.value);
  json.member("circuit", row.circuit.value);
  json.member("in_use", row.in_use);
  json.member("waiting", row.waiting);
  json.member("max_connections", row.max_connections);
  json.member("leaving", row.leaving);
}

// "45ms", "0.8ms"; of a check if there was one, else of connections.
std::string latency_of(const proto::BackendRow& row) {
  const std::uint32_t us = row.latency_us != 0 ? row.latency_us : row.connect_us;
  if (us == 0) return {};
  if (us >= 10'000) return std::to_string(us / 1000) + "ms";
  return std::to_string(us / 1000) + '.' + std::to_string(us % 1000 / 100) + "ms";
}

std::string uptime_of(const proto::BackendRow& row) {
  if (row.uptime_hundredths == UINT32_MAX) return {};
  return std::to_string(row.uptime_hundredths / 100) + '.' +
         std::to_string(row.uptime_hundredths % 100 / 10) + '%';
}

std::string active_of(const proto::BackendRow& row) {
  std::string text = std::to_string(std::max<std::uint64_t>(row.active, row.in_use));
  if (row.max_connections != 0) text += '/' + std::to_string(row.max_connections);
  if (row.waiting != 0) text += " +" + std::to_string(row.waiting);
  return text;
}

// In one word, the worst first.
std::string status_of(const proto::BackendRow& row) {
  if (row.leaving) return "leaving";
  if (!row.available) return "unavailable";
  if (row.circuit.value == "open") return "resting";
  if (row.circuit.value == "half-open") return "on trial";
  return row.state.value.empty() ? "unknown" : row.state.value;
}

void write_backends(const Session& session, const std::vector<proto::BackendRow>& backends) {
  JsonWriter json(session.out);
  json.begin_array();
  for (const auto& row : backends) {
    json.begin_object();
    json.member("name", row.name.value);
    json.member("type", row.kind.value);
    json.member("address", row.address.value);
    json.member("via", row.via.value);
    json.member("available", row.available);
    json.member("reason", row.reason.value);
    json.member("origin", row.origin.value);
    json.member("active", row.active);
    json.member("opened", row.opened);
    json.member("failed", row.failed);
    write_state(json, row);
    json.end_object();
  }
  json.end_array();
}

void write_rules(const Session& session, const std::vector<proto::RuleRow>& rules) {
  JsonWriter json(session.out);
  json.begin_array();
  for (const auto& row : rules) {
    json.begin_object();
    json.member("position", row.position);
    json.member("name", row.name.value);
    json.member("match", row.match.value);
    json.member("action", row.action.value);
    json.member("origin", row.origin.value);
    json.end_object();
  }
  json.end_array();
}

}  // namespace

void show_backends(const Session& session, const std::vector<proto::BackendRow>& backends) {
  if (session.json) return write_backends(session, backends);
  Table table({{"NAME"},
               {"TYPE"},
               {"ADDRESS"},
               {"VIA"},
               {"ORIGIN"},
               {"ACTIVE", Align::right},
               {"OPENED", Align::right},
               {"FAILED", Align::right},
               {"STATUS"},
               {"LATENCY", Align::right},
               {"UPTIME", Align::right},
               {"PROBLEM"}});
  for (const auto& row : backends) {
    table.add({row.name.value, row.kind.value, row.address.value, row.via.value, row.origin.value,
               active_of(row), std::to_string(row.opened), std::to_string(row.failed),
               status_of(row), latency_of(row), uptime_of(row),
               row.available ? row.problem.value : row.reason.value});
  }
  table.print(session.out, session.terminal);
}

void show_rules(const Session& session, const std::vector<proto::RuleRow>& rules) {
  if (session.json) return write_rules(session, rules);
  Table table({{"POSITION", Align::right}, {"NAME"}, {"MATCH"}, {"ACTION"}, {"ORIGIN"}});
  for (const auto& row : rules) {
    table.add({std::to_string(row.position), row.name.value, row.match.value, row.action.value,
               row.origin.value});
  }
  table.print(session.out, session.terminal);
}

}  // namespace bulkhead::proxyctl
