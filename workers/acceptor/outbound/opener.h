// Opens the way out that a route has chosen: asks the egress for the first socket, then speaks to
// each parent proxy on the way (TLS, CONNECT, SOCKS5), nearest first.
#pragma once

#include <memory>
#include <optional>
#include <tl/expected.hpp>

#include "proto/opening.h"
#include "runtime/task.h"
#include "workers/acceptor/generation.h"
#include "workers/acceptor/outbound/egress_link.h"
#include "workers/acceptor/outbound/upstream.h"

namespace bulkhead::acceptor {

struct OpenRequest {
  std::shared_ptr<const Generation> generation;
  const config::Backend* backend = nullptr;  // of that generation; direct, http or socks5
  wire::HostPort destination;                // an empty host: only as far as the last parent
  // Stop in front of the last parent if that is an HTTP proxy: the request itself goes to it, in
  // absolute form.
  bool absolute_form = false;
  std::uint64_t connection = 0;  // whose it is, for the flight recorder
  std::string came_via;          // Via of the CONNECT that it is for
};

// What an attempt tells about the backend.
struct OpenReport {
  // Whose fault a failure is. A client chooses its destinations, so they must not count against the
  // backend.
  enum class AtFault : std::uint8_t {
    nobody,       // or it cannot be told
    backend,      // its parent, or one on the way there, cannot be reached or does not do its part
    destination,  // so says the parent, which therefore works
  };
  AtFault at_fault = AtFault::nobody;
  // How long it took to reach the destination, or the last parent; names not included. 0: unknown.
  std::chrono::microseconds reached{0};
};

// Why nothing can go through this backend, or through one on the way to it: what is not there fails
// closed.
std::optional<Failure> objection_to(const config::Config& config, const config::Backend& backend);

// True if plain requests through this backend are sent to an HTTP parent in absolute form.
bool ends_at_http_parent(const config::Config& config, const config::Backend& backend);

runtime::Task<tl::expected<Upstream, Failure>> open_upstream(EgressLink& egress,
                                                             BackendCounters& counters,
                                                             OpenRequest request,
                                                             runtime::Deadline deadline,
                                                             OpenReport& report);

}  // namespace bulkhead::acceptor
