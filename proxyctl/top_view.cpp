#include "proxyctl/top_view.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <map>
#include <sstream>

#include "proxyctl/table.h"
#include "proxyctl/terminal_text.h"
#include "proxyctl/units.h"

namespace bulkhead::proxyctl {
namespace {

// Differences a second between two looks. Counters that went back (another daemon) are 0.
class Rates {
 public:
  Rates(const Look& before, const Look& now)
      : seconds_(std::max(std::chrono::duration<double>(now.when - before.when).count(), 0.001)) {}

  double of(std::uint64_t before, std::uint64_t now) const {
    return now < before ? 0 : static_cast<double>(now - before) / seconds_;
  }
  std::string bytes(std::uint64_t before, std::uint64_t now) const {
    return short_bytes(static_cast<std::uint64_t>(of(before, now))) + "/s";
  }
  std::string events(std::uint64_t before, std::uint64_t now) const {
    const double rate = of(before, now);
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), rate < 9.95 ? "%.1f/s" : "%.0f/s", rate);
    return text.data();
  }

 private:
  double seconds_;
};

void line(std::ostream& out, std::string_view title, const std::string& text) {
  out << title << std::string(13 - title.size(), ' ') << printable(text) << '\n';
}

std::string latency_text(const proto::StatsRow& row) {
  std::string text;
  for (const auto& each : row.latencies.items) {
    if (each.count == 0) continue;
    text += (text.empty() ? "" : "    ") + each.name.value + ' ' + short_microseconds(each.p50) +
            " / " + short_microseconds(each.p95) + " / " + short_microseconds(each.p99);
  }
  return text.empty() ? "-" : text + "    (p50 / p95 / p99)";
}

void print_totals(std::ostream& out, const proto::StatsRow& a, const proto::StatsRow& b,
                  const Rates& rates) {
  line(out, "uptime", short_duration(b.uptime_ms));
  line(out, "connections",
       std::to_string(b.active) + " active, " + rates.events(a.accepted, b.accepted) +
           " accepted, " + rates.events(a.turned_away, b.turned_away) + " turned away");
  line(out, "requests",
       rates.events(a.requests, b.requests) + ", " + rates.events(a.refused, b.refused) +
           " refused");
  line(out, "traffic", rates.bytes(a.up, b.up) + " up, " + rates.bytes(a.down, b.down) + " down");
  line(out, "latency", latency_text(b));
}

void print_backends(std::ostream& out, const Look& before, const Look& now, const Rates& rates,
                    bool bold) {
  std::map<std::string, const proto::BackendStatsRow*> earlier;
  for (const auto& row : before.backends) earlier[row.name.value] = &row;
  Table table({{"BACKEND"},
               {"ACTIVE", Align::right},
               {"REQUESTS", Align::right},
               {"FAILED", Align::right},
               {"UP", Align::right},
               {"DOWN", Align::right}});
  for (const auto& row : now.backends) {
    const auto found = earlier.find(row.name.value);
    const proto::BackendStatsRow& old = found == earlier.end() ? row : *found->second;
    table.add({row.name.value, std::to_string(row.active), rates.events(old.requests, row.requests),
               rates.events(old.failed, row.failed), rates.bytes(old.up, row.up),
               rates.bytes(old.down, row.down)});
  }
  if (table.empty()) return;
  out << '\n';
  table.print(out, bold);
}

struct Moving {
  const proto::ConnectionRow* row;
  std::uint64_t old_up, old_down;
};

std::vector<Moving> ordered(const Look& before, const Look& now, TopOrder order) {
  std::map<std::uint64_t, const proto::ConnectionRow*> earlier;
  for (const auto& row : before.connections) earlier[row.id] = &row;
  std::vector<Moving> all;
  for (const auto& row : now.connections) {
    const auto found = earlier.find(row.id);
    const bool known = found != earlier.end();
    all.push_back({&row, known ? found->second->up : 0, known ? found->second->down : 0});
  }
  std::stable_sort(all.begin(), all.end(), [order](const Moving& a, const Moving& b) {
    const std::uint64_t of_a = a.row->up + a.row->down, of_b = b.row->up + b.row->down;
    if (order == TopOrder::age) return a.row->age_ms > b.row->age_ms;
    if (order == TopOrder::bytes) return of_a > of_b;
    return of_a - a.old_up - a.old_down > of_b - b.old_up - b.old_down;
  });
  return all;
}

void print_connections(std::ostream& out, const std::vector<Moving>& connections,
                       const Rates& rates, std::size_t most, bool bold) {
  Table table({{"ID", Align::right},
               {"CLIENT"},
               {"USER"},
               {"PROTOCOL"},
               {"DESTINATION"},
               {"BACKEND"},
               {"STATE"},
               {"AGE", Align::right},
               {"UP", Align::right},
               {"DOWN", Align::right},
               {"BYTES", Align::right}});
  for (std::size_t i = 0; i < std::min(most, connections.size()); ++i) {
    const proto::ConnectionRow& row = *connections[i].row;
    table.add({std::to_string(row.id), row.client.to_string(), row.user.value, row.protocol.value,
               row.destination.value, row.backend.value, row.state.value,
               short_duration(row.age_ms), rates.bytes(connections[i].old_up, row.up),
               rates.bytes(connections[i].old_down, row.down), short_bytes(row.up + row.down)});
  }
  if (table.empty()) return;
  out << '\n';
  table.print(out, bold);
}

}  // namespace

std::string top_frame(const Look& before, const Look& now, TopOrder order, std::size_t connections,
                      bool terminal) {
  std::ostringstream out;
  const Rates rates(before, now);
  print_totals(out, before.totals, now.totals, rates);
  print_backends(out, before, now, rates, terminal);
  print_connections(out, ordered(before, now, order), rates, connections, terminal);
  return out.str();
}

std::vector<proto::ConnectionRow> top_connections(const Look& before, const Look& now,
                                                  TopOrder order, std::size_t most) {
  std::vector<proto::ConnectionRow> rows;
  for (const Moving& each : ordered(before, now, order))
    if (rows.size() < most) rows.push_back(*each.row);
  return rows;
}

}  // namespace bulkhead::proxyctl
