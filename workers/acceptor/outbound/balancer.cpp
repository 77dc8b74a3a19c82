#include "workers/acceptor/outbound/balancer.h"

#include <unistd.h>

namespace bulkhead::acceptor {
namespace {

constexpr runtime::Duration report_pause{1'000};

// Another one in every process; no secret.
std::uint64_t random_start() {
  const auto time = static_cast<std::uint64_t>(runtime::Clock::now().time_since_epoch().count());
  return combine(time, static_cast<std::uint64_t>(::getpid()));
}

}  // namespace

Balancer::Balancer(UpstreamPool& idle, Report tell)
    : pool(idle), chance(random_start()), report_(std::move(tell)) {
  shared.set_released_handler([this] { queue.look(); });
}

void Balancer::keep_rules(const config::Config& config) {
  std::map<std::string, RoundRobin, std::less<>> kept;
  for (const config::Rule& rule : config.rules) {
    const auto found = turns_.find(rule.name);
    if (found != turns_.end()) kept[rule.name] = std::move(found->second);
  }
  turns_ = std::move(kept);
}

Place Balancer::claim(const config::Config& config, std::string_view backend) {
  const config::Backend* found = config.backend(backend);
  return shared.claim(found == nullptr ? shared.slot_of(backend) : found->slot);
}

void Balancer::report(const config::Backend& backend, bool works, std::string detail) {
  if (report_) report_(backend, works, std::move(detail));
}

void Balancer::report_now_and_then(const config::Backend& backend) {
  const runtime::Deadline now = runtime::Loop::current().now();
  runtime::Deadline& last = reported_[backend.name];
  if (last != runtime::Deadline{} && now - last < report_pause) return;
  last = now;
  report(backend, true, {});
}

ipc::CircuitTerms circuit_terms(const config::Config& config) {
  const config::PassiveChecks& passive = config.health_checks.passive;
  ipc::CircuitTerms terms;
  terms.enabled = passive.enabled;
  terms.failures = passive.failures;
  terms.rest_ms = static_cast<std::uint64_t>(passive.rest.count());
  terms.longest_rest_ms = static_cast<std::uint64_t>(passive.max_rest.count());
  // Opening takes that long at most; what has not ended by then never will.
  const auto connect = static_cast<std::uint64_t>(config.network.timeouts.connect.count());
  terms.trial_ms = connect + 1'000;
  return terms;
}

}  // namespace bulkhead::acceptor
