// What the choices of this acceptor have in common: what is known of the backends, whose turn it
// is, who waits for a connection to become free.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "config/model.h"
#include "proto/opening.h"
#include "workers/acceptor/outbound/place_queue.h"
#include "workers/acceptor/outbound/shared_backends.h"
#include "workers/acceptor/outbound/upstream_pool.h"
#include "workers/acceptor/routing/balance/choose.h"

namespace bulkhead::acceptor {

class Balancer {
 public:
  // What connections told of a backend that the egress does not know yet.
  using Report = std::function<void(const config::Backend&, bool works, std::string detail)>;

  // pool must outlive this.
  Balancer(UpstreamPool& pool, Report report);

  SharedBackends shared;
  PlaceQueue queue;
  UpstreamPool& pool;
  Chance chance;

  // Of the rule of that name; it stays until the rule is gone.
  RoundRobin& turns(const std::string& rule) { return turns_[rule]; }
  void keep_rules(const config::Config& config);

  // A place for a connection that is there already, whatever the limit: one taken over from another
  // acceptor. A backend that the configuration has not got any more keeps its slot as long as it is
  // used; of nothing when it is known nowhere.
  Place claim(const config::Config& config, std::string_view backend);

  void report(const config::Backend& backend, bool works, std::string detail);
  // That it works, as long as that is not known: some of many connections are enough to say so.
  void report_now_and_then(const config::Backend& backend);

 private:
  std::map<std::string, RoundRobin, std::less<>> turns_;
  std::map<std::string, runtime::Deadline, std::less<>> reported_;  // when
  Report report_;
};

ipc::CircuitTerms circuit_terms(const config::Config& config);

}  // namespace bulkhead::acceptor
