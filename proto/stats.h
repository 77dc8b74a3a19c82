// What the counters say (ipc/page/counters_page.h), for `proxyctl stats` and `top`: one StatsRow,
// and a BackendStatsRow for each backend of the configuration in force.
#pragma once

#include "proto/codec.h"
#include "proto/message_type.h"

namespace bulkhead::proto {

// Times in microseconds, known to 1/32.
struct LatencyStat {
  Text<16> name;  // connect, first_byte, request
  std::uint64_t count = 0, mean = 0, p50 = 0, p95 = 0, p99 = 0;
  static auto fields(auto& self) {
    return std::tie(self.name, self.count, self.mean, self.p50, self.p95, self.p99);
  }
};

struct ProtocolStat {
  Text<16> protocol;
  std::uint64_t active = 0, requests = 0, up = 0, down = 0;
  static auto fields(auto& self) {
    return std::tie(self.protocol, self.active, self.requests, self.up, self.down);
  }
};

struct CountStat {
  Text<48> name;
  std::uint64_t count = 0;
  static auto fields(auto& self) { return std::tie(self.name, self.count); }
};

struct StatsRow {
  static constexpr MessageType type = MessageType::stats_row;
  std::uint64_t uptime_ms = 0;
  std::uint64_t active = 0, accepted = 0, turned_away = 0;  // client connections
  std::uint64_t requests = 0, refused = 0, lost = 0;        // lost: the client went away first
  std::uint64_t up = 0, down = 0;                           // bytes
  List<ProtocolStat, 16> protocols;
  List<CountStat, 16> methods;
  List<CountStat, 64> refusals;  // those that there were
  List<LatencyStat, 4> latencies;
  static auto fields(auto& self) {
    return std::tie(self.uptime_ms, self.active, self.accepted, self.turned_away, self.requests,
                    self.refused, self.lost, self.up, self.down, self.protocols, self.methods,
                    self.refusals, self.latencies);
  }
};

struct BackendStatsRow {
  static constexpr MessageType type = MessageType::backend_stats_row;
  Text<64> name;
  std::uint64_t active = 0, opened = 0, failed = 0;  // connections
  std::uint64_t requests = 0, up = 0, down = 0;
  List<CountStat, 16> methods;
  List<CountStat, 64> refusals;
  List<LatencyStat, 4> latencies;
  static auto fields(auto& self) {
    return std::tie(self.name, self.active, self.opened, self.failed, self.requests, self.up,
                    self.down, self.methods, self.refusals, self.latencies);
  }
};

}  // namespace bulkhead::proto
