// What `proxyctl top` shows: two looks at the daemon, and what happened between them.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "proto/stats.h"
#include "proto/worker.h"

namespace bulkhead::proxyctl {

struct Look {
  std::chrono::steady_clock::time_point when;
  proto::StatsRow totals;
  std::vector<proto::BackendStatsRow> backends;
  std::vector<proto::ConnectionRow> connections;
};

enum class TopOrder { rate, bytes, age };

// Lines of text; terminal: titles are bold. At most so many connections.
std::string top_frame(const Look& before, const Look& now, TopOrder order, std::size_t connections,
                      bool terminal);

// At most so many of now, in that order.
std::vector<proto::ConnectionRow> top_connections(const Look& before, const Look& now,
                                                  TopOrder order, std::size_t most);

}  // namespace bulkhead::proxyctl
