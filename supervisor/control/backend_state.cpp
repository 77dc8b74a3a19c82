#include "supervisor/control/backend_state.h"

#include <chrono>

namespace bulkhead::supervisor {
namespace {

std::uint64_t steady_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

std::string_view to_string(ipc::Circuit::State state) {
  switch (state) {
    case ipc::Circuit::State::open:
      return "open";
    case ipc::Circuit::State::half_open:
      return "half-open";
    case ipc::Circuit::State::closed:
      break;
  }
  return "closed";
}

std::string_view name_of(config::HealthCheckType type) {
  switch (type) {
    case config::HealthCheckType::http:
      return "http";
    case config::HealthCheckType::ping:
      return "ping";
    case config::HealthCheckType::tcp:
      break;
  }
  return "tcp";
}

void describe_health(proto::BackendRow& row, const ipc::Health& health) {
  row.state = to_string(health.state);
  row.found_by = to_string(health.source);
  row.since_ms = health.since_ms;
  row.checked_ms = health.checked_ms;
  row.latency_us = health.latency_us;
  row.failures = health.failures;
  row.checks = health.checks;
  row.failed_checks = health.failed;
  row.problem = health.problem;
  const double percent = uptime_percent(health, steady_ms());
  if (percent >= 0) row.uptime_hundredths = static_cast<std::uint32_t>(percent * 100);
}

void describe_use(proto::BackendRow& row, std::uint32_t slot, const SharedPages& pages) {
  const ipc::BackendUse use = use_of(pages.backends(), slot);
  row.in_use = use.in_use;
  row.waiting = use.waiting;
}

}  // namespace

void describe_state(proto::BackendRow& row, const config::Backend& backend,
                    const config::Config& config, const SharedPages& pages) {
  row.max_connections =
      backend.max_connections.value_or(config.network.limits.max_connections_per_backend);
  if (backend.health_check && backend.health_check->enabled)
    row.check = name_of(backend.health_check->type);
  if (backend.slot >= ipc::max_backend_slots) return;
  describe_health(row, read_health(pages.health().records[backend.slot]));
  describe_use(row, backend.slot, pages);
  const ipc::BackendShared& shared = pages.backends().shared[backend.slot];
  row.connect_us = latency_us(shared.latency);
  ipc::Circuit circuit = ipc::decode_circuit(shared.circuit.word.load());
  // An active check that found it healthy since has closed it.
  if (read_health(pages.health().records[backend.slot]).healthy_at_ms > circuit.since_ms)
    circuit = {};
  row.circuit = to_string(circuit.state);
}

proto::BackendRow leaving_row(const SharedPages::Leaving& leaving, const SharedPages& pages) {
  proto::BackendRow row;
  row.name = leaving.name;
  row.available = false;
  row.reason = "removed; its connections go on";
  row.leaving = true;
  describe_use(row, leaving.slot, pages);
  row.active = row.in_use;
  return row;
}

}  // namespace bulkhead::supervisor
