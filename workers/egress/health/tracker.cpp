#include "workers/egress/health/tracker.h"

#include <algorithm>

namespace bulkhead::egress_worker {

using ipc::HealthSource;
using ipc::HealthState;

bool HealthTracker::note_check(const ProbeResult& result, const config::HealthDefaults& settings,
                               Moment now) {
  health_.checked_ms = now.unix_ms;
  if (result.verdict == ProbeResult::Verdict::impossible) {
    // What connections have found says more.
    const bool found_by_traffic =
        health_.state == HealthState::unhealthy && health_.source == HealthSource::traffic;
    if (!found_by_traffic) health_.problem = result.problem;
    return false;
  }
  ++health_.checks;
  if (result.verdict == ProbeResult::Verdict::works) {
    // Until enough of them make it healthy it stays told why it is not.
    if (health_.state != HealthState::unhealthy) health_.problem.clear();
    health_.latency_us = std::max(1U, result.latency_us);
    health_.failures = 0;
    ++health_.successes;
    if (health_.successes < settings.healthy_threshold) return false;
    health_.problem.clear();
    const bool changed = become(HealthState::healthy, HealthSource::check, now);
    if (changed) health_.healthy_at_ms = now.steady_ms;
    return changed;
  }
  health_.problem = result.problem;
  ++health_.failed;
  ++health_.failures;
  health_.successes = 0;
  return health_.failures >= settings.unhealthy_threshold &&
         become(HealthState::unhealthy, HealthSource::check, now);
}

bool HealthTracker::note_traffic(bool works, std::string problem, bool is_checked, Moment now) {
  if (!works) {
    health_.successes = 0;
    health_.problem = std::move(problem);
    return become(HealthState::unhealthy, HealthSource::traffic, now);
  }
  if (is_checked) return false;
  health_.problem.clear();
  return become(HealthState::healthy, HealthSource::traffic, now);
}

bool HealthTracker::become(HealthState state, HealthSource source, Moment now) {
  if (health_.state == state) return false;
  const std::uint64_t lasted =
      now.steady_ms > health_.since_steady_ms ? now.steady_ms - health_.since_steady_ms : 0;
  if (health_.state == HealthState::healthy) health_.up_ms += lasted;
  if (health_.state == HealthState::unhealthy) health_.down_ms += lasted;
  health_.state = state;
  health_.source = source;
  health_.since_ms = now.unix_ms;
  health_.since_steady_ms = now.steady_ms;
  return true;
}

}  // namespace bulkhead::egress_worker
