// Everything the egress derives from one generation of the configuration. Requests keep the one
// they began with by its shared_ptr. The resolver, with its cache, is shared by generations whose
// settings for it are equal.
#pragma once

#include <memory>

#include "config/model.h"
#include "egress/connector.h"

namespace bulkhead::egress_worker {

struct Generation {
  // previous may be null.
  Generation(std::shared_ptr<const config::Config> from, const Generation* previous);
  Generation(const Generation&) = delete;
  Generation& operator=(const Generation&) = delete;

  std::shared_ptr<const config::Config> config;
  std::shared_ptr<egress::Resolver> resolver;
  std::vector<wire::Endpoint> own_listeners;
  egress::DestinationPolicy policy;
  egress::Connector connector;
};

using GenerationPtr = std::shared_ptr<Generation>;

// Where the first socket towards a backend leads: to the destination itself, or to a parent.
struct FirstHop {
  wire::HostPort address;
  bool to_parent = false;  // named by the operator: exempt from the destination policy
};

// For a request that names a backend. Refusals: backend_unavailable (unknown, marked unavailable,
// or of a type that has its own worker), backend_unsuitable (echo). `via` plays no part: who asks
// names the backend whose socket it wants.
tl::expected<FirstHop, egress::Failure> first_hop(const config::Config& config,
                                                  std::string_view backend,
                                                  wire::HostPort destination);

}  // namespace bulkhead::egress_worker
