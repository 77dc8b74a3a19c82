// "Open host:port": resolves, applies the destination policy to each address before the first
// packet goes out, and hands back a socket.
//
// Every failure is one of the refusals of Resolver::resolve(), destination_denied (no address is
// allowed), what connect(2) says (egress/connect_error.h), or bad_request (port 0). Deadlines cover
// resolution and connecting together. Resolver and policy must outlive every call.
#pragma once

#include <chrono>

#include "egress/destination_policy.h"
#include "egress/race.h"
#include "egress/resolver.h"

namespace bulkhead::egress {

struct Connected {
  platform::UniqueFd socket;  // non-blocking, close-on-exec
  wire::Endpoint local, remote;
  std::chrono::microseconds resolve_time{0}, connect_time{0};
};

class Connector {
 public:
  using Outcome = tl::expected<Connected, Failure>;

  Connector(Resolver& resolver, const DestinationPolicy& policy)
      : resolver_(resolver), policy_(policy) {}

  // A connected TCP socket.
  runtime::Task<Outcome> open_tcp(wire::HostPort destination, runtime::Deadline deadline);

  // The same to a parent proxy. The operator named it, so the destination policy has no say; but
  // what would come back to this proxy is refused as a loop.
  runtime::Task<Outcome> open_parent(wire::HostPort parent, runtime::Deadline deadline);

  // A UDP socket connected to the first allowed address that has a route.
  runtime::Task<Outcome> open_udp(wire::HostPort destination, runtime::Deadline deadline);

  // A TCP socket that listens, backlog 1, on a port the system picks, on the address that the route
  // to the peer starts from. `remote` is the peer as resolved, with its port (0: any). With an
  // all-zero host, anybody: the address is the default route's, or the wildcard without one.
  runtime::Task<Outcome> bind_tcp(wire::HostPort peer, runtime::Deadline deadline);

 private:
  struct Candidates {
    std::vector<wire::Endpoint> peers;  // allowed, in order of preference, not empty
    std::chrono::microseconds resolve_time{0};
  };
  enum class Check { policy, none };

  runtime::Task<tl::expected<Candidates, Failure>> find(wire::HostPort destination, Check check,
                                                        runtime::Deadline deadline);
  tl::expected<std::vector<wire::Endpoint>, Failure> allowed(const Resolved& resolved,
                                                             std::uint16_t port) const;
  tl::expected<std::vector<wire::Endpoint>, Failure> elsewhere(const Resolved& resolved,
                                                               std::uint16_t port) const;
  runtime::Task<Outcome> connect(wire::HostPort destination, Check check,
                                 runtime::Deadline deadline);

  Resolver& resolver_;
  const DestinationPolicy& policy_;
};

}  // namespace bulkhead::egress
