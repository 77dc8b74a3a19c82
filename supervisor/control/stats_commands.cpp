// stats: what the shared counters say.
#include "proto/stats.h"
#include "supervisor/control/commands.h"

namespace bulkhead::supervisor {
namespace {

proto::LatencyStat latency(const char* name, const ipc::HistogramSum& times) {
  proto::LatencyStat stat;
  stat.name = name;
  stat.count = times.count;
  stat.mean = times.count == 0 ? 0 : times.sum / times.count;
  stat.p50 = times.at(0.5);
  stat.p95 = times.at(0.95);
  stat.p99 = times.at(0.99);
  return stat;
}

// Those that there were.
template <typename List, typename Counts, typename Name>
void push_counts(List& list, const Counts& counts, std::size_t known, Name name) {
  for (std::size_t i = 0; i < known; ++i) {
    if (counts[i] != 0) list.push({name(i), counts[i]});
  }
}

std::string_view method_name(std::size_t index) {
  return to_string(static_cast<ipc::Method>(index));
}
std::string_view refusal_name(std::size_t index) {
  return to_string(static_cast<proto::Refusal>(index));
}
constexpr auto known_refusals = static_cast<std::size_t>(proto::Refusal::end_);

proto::StatsRow stats_row(const ipc::CountersSum& sum) {
  proto::StatsRow row;
  row.active = sum.active;
  row.accepted = sum.accepted;
  row.turned_away = sum.turned_away;
  row.requests = sum.all_requests();
  row.refused = sum.all_refused();
  row.lost = sum.lost;
  row.up = sum.all_bytes().up;
  row.down = sum.all_bytes().down;
  for (std::size_t i = 0; i < ipc::protocols; ++i) {
    const ipc::ProtocolSum& each = sum.by_protocol[i];
    row.protocols.push({to_string(static_cast<ipc::Protocol>(i)), each.active, each.requests,
                        each.bytes.up, each.bytes.down});
  }
  push_counts(row.methods, sum.requests, ipc::methods, method_name);
  push_counts(row.refusals, sum.refused, known_refusals, refusal_name);
  row.latencies.push(latency("connect", sum.connect));
  row.latencies.push(latency("first_byte", sum.first_byte));
  row.latencies.push(latency("request", sum.request));
  return row;
}

proto::BackendStatsRow backend_row(const std::string& name, const ipc::BackendSum& sum) {
  proto::BackendStatsRow row;
  row.name = name;
  row.active = sum.active;
  row.opened = sum.opened;
  row.failed = sum.failed;
  for (const std::uint64_t count : sum.requests) row.requests += count;
  row.up = sum.bytes.up;
  row.down = sum.bytes.down;
  push_counts(row.methods, sum.requests, ipc::methods, method_name);
  push_counts(row.refusals, sum.refused, known_refusals, refusal_name);
  row.latencies.push(latency("connect", sum.connect));
  row.latencies.push(latency("request", sum.request));
  return row;
}

}  // namespace

runtime::Task<void> show_stats(Supervisor& supervisor, const proto::Command&, Answer& answer) {
  const auto config = supervisor.reload().current()->config;
  const ipc::CountersSum sum = supervisor.pages().counters().sum(*config);
  proto::StatsRow row = stats_row(sum);
  row.uptime_ms = static_cast<std::uint64_t>(
      std::chrono::duration_cast<runtime::Duration>(runtime::Clock::now() - supervisor.started())
          .count());
  bool going_on = co_await answer.row(std::move(row));
  for (const config::Backend& backend : config->backends) {
    if (!going_on) co_return;
    going_on = co_await answer.row(backend_row(backend.name, sum.backends.at(backend.name)));
  }
}

}  // namespace bulkhead::supervisor
