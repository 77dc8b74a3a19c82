#include "proxyctl/table.h"
#include "proxyctl/terminal_text.h"
#include "proxyctl/units.h"
#include "proxyctl/views.h"

namespace bulkhead::proxyctl {
namespace {

void line(std::ostream& out, std::string_view title, const std::string& text) {
  out << title << std::string(15 - title.size(), ' ') << printable(text) << '\n';
}

void print_totals(std::ostream& out, const proto::StatsRow& row) {
  const auto number = [](std::uint64_t value) { return std::to_string(value); };
  line(out, "uptime", short_duration(row.uptime_ms));
  line(out, "connections",
       number(row.active) + " active, " + number(row.accepted) + " accepted, " +
           number(row.turned_away) + " turned away");
  line(out, "requests",
       number(row.requests) + ", " + number(row.refused) + " refused, " + number(row.lost) +
           " lost their client");
  line(out, "traffic", short_bytes(row.up) + " up, " + short_bytes(row.down) + " down");
}

void print(const Session& session, std::string_view title, const Table& table) {
  if (table.empty()) return;
  session.out << '\n' << title << '\n';
  table.print(session.out, session.terminal);
}

Table protocol_table(const proto::StatsRow& row) {
  Table table({{"PROTOCOL"},
               {"ACTIVE", Align::right},
               {"REQUESTS", Align::right},
               {"UP", Align::right},
               {"DOWN", Align::right}});
  for (const auto& each : row.protocols.items) {
    if (each.active + each.requests == 0) continue;
    table.add({each.protocol.value, std::to_string(each.active), std::to_string(each.requests),
               short_bytes(each.up), short_bytes(each.down)});
  }
  return table;
}

Table refusal_table(const proto::StatsRow& row) {
  Table table({{"REFUSED FOR"}, {"COUNT", Align::right}});
  for (const auto& each : row.refusals.items)
    table.add({each.name.value, std::to_string(each.count)});
  return table;
}

Table latency_table(const proto::StatsRow& row) {
  Table table({{"TIME TO"},
               {"COUNT", Align::right},
               {"MEAN", Align::right},
               {"P50", Align::right},
               {"P95", Align::right},
               {"P99", Align::right}});
  for (const auto& each : row.latencies.items) {
    table.add({each.name.value, std::to_string(each.count), short_microseconds(each.mean),
               short_microseconds(each.p50), short_microseconds(each.p95),
               short_microseconds(each.p99)});
  }
  return table;
}

Table backend_table(const std::vector<proto::BackendStatsRow>& backends) {
  Table table({{"BACKEND"},
               {"ACTIVE", Align::right},
               {"OPENED", Align::right},
               {"FAILED", Align::right},
               {"REQUESTS", Align::right},
               {"UP", Align::right},
               {"DOWN", Align::right},
               {"CONNECT P50", Align::right},
               {"P95", Align::right},
               {"P99", Align::right}});
  for (const auto& row : backends) {
    const proto::LatencyStat connect =
        row.latencies.items.empty() ? proto::LatencyStat{} : row.latencies.items.front();
    table.add({row.name.value, std::to_string(row.active), std::to_string(row.opened),
               std::to_string(row.failed), std::to_string(row.requests), short_bytes(row.up),
               short_bytes(row.down), short_microseconds(connect.p50),
               short_microseconds(connect.p95), short_microseconds(connect.p99)});
  }
  return table;
}

template <std::size_t Max>
void write_counts(JsonWriter& json, std::string_view key,
                  const proto::List<proto::CountStat, Max>& counts) {
  json.key(key);
  json.begin_object();
  for (const auto& each : counts.items) json.member(each.name.value, each.count);
  json.end_object();
}

void write_latencies(JsonWriter& json, const proto::List<proto::LatencyStat, 4>& latencies) {
  json.key("latency_us");
  json.begin_object();
  for (const auto& each : latencies.items) {
    json.key(each.name.value);
    json.begin_object();
    json.member("count", each.count);
    json.member("mean", each.mean);
    json.member("p50", each.p50);
    json.member("p95", each.p95);
    json.member("p99", each.p99);
    json.end_object();
  }
  json.end_object();
}

void write_protocols(JsonWriter& json, const proto::StatsRow& row) {
  json.key("protocols");
  json.begin_object();
  for (const auto& each : row.protocols.items) {
    json.key(each.protocol.value);
    json.begin_object();
    json.member("active", each.active);
    json.member("requests", each.requests);
    json.member("bytes_up", each.up);
    json.member("bytes_down", each.down);
    json.end_object();
  }
  json.end_object();
}

void write_totals(JsonWriter& json, const proto::StatsRow& row) {
  json.member("uptime_ms", row.uptime_ms);
  json.member("active", row.active);
  json.member("accepted", row.accepted);
  json.member("turned_away", row.turned_away);
  json.member("requests", row.requests);
  json.member("refused", row.refused);
  json.member("lost", row.lost);
  json.member("bytes_up", row.up);
  json.member("bytes_down", row.down);
  write_protocols(json, row);
  write_counts(json, "methods", row.methods);
  write_counts(json, "refusals", row.refusals);
  write_latencies(json, row.latencies);
}

void write(JsonWriter& json, const proto::BackendStatsRow& row) {
  json.begin_object();
  json.member("name", row.name.value);
  json.member("active", row.active);
  json.member("opened", row.opened);
  json.member("failed", row.failed);
  json.member("requests", row.requests);
  json.member("bytes_up", row.up);
  json.member("bytes_down", row.down);
  write_counts(json, "methods", row.methods);
  write_counts(json, "refusals", row.refusals);
  write_latencies(json, row.latencies);
  json.end_object();
}

}  // namespace

void write_stats(JsonWriter& json, const proto::StatsRow& totals,
                 const std::vector<proto::BackendStatsRow>& backends) {
  json.begin_object();
  write_totals(json, totals);
  json.key("backends");
  json.begin_array();
  for (const auto& row : backends) write(json, row);
  json.end_array();
  json.end_object();
}

void show_stats(const Session& session, const Answer& answer) {
  const proto::StatsRow totals = answer.stats.empty() ? proto::StatsRow{} : answer.stats.front();
  if (session.json) {
    JsonWriter json(session.out);
    write_stats(json, totals, answer.backend_stats);
    return;
  }
  print_totals(session.out, totals);
  print(session, "Protocols", protocol_table(totals));
  print(session, "Refusals", refusal_table(totals));
  print(session, "Latency", latency_table(totals));
  print(session, "Backends", backend_table(answer.backend_stats));
}

}  // namespace bulkhead::proxyctl
