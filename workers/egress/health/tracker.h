// The state of one backend's health, from what checks and connections tell. Pure: time is an
// argument.
//
// From any state, so many successful checks in a row make it healthy and so many failed ones
// unhealthy. Connections that failed make it unhealthy at once (the acceptors have counted them).
// Where it can be checked, only checks make it healthy again; where not, a connection that
// succeeded.
#pragma once

#include <string>

#include "config/health.h"
#include "ipc/page/health_page.h"

namespace bulkhead::egress_worker {

struct ProbeResult {
  enum class Verdict : std::uint8_t {
    works,
    fails,
    impossible,  // it could not be asked: says nothing about it
  };
  Verdict verdict = Verdict::fails;
  std::uint32_t latency_us = 0;  // when it works
  std::string problem;           // when it does not
};

struct Moment {
  std::uint64_t unix_ms = 0, steady_ms = 0;
};

class HealthTracker {
 public:
  // known: what was found about it before.
  explicit HealthTracker(ipc::Health known) : health_(std::move(known)) {}

  // True when the state has changed.
  bool note_check(const ProbeResult& result, const config::HealthDefaults& settings, Moment now);
  bool note_traffic(bool works, std::string problem, bool is_checked, Moment now);

  const ipc::Health& health() const { return health_; }

 private:
  bool become(ipc::HealthState state, ipc::HealthSource source, Moment now);

  ipc::Health health_;
};

}  // namespace bulkhead::egress_worker
