// Which addresses the proxy may connect to. Asked with the address a name resolved to, never with
// the name, so that no DNS answer (rebinding) walks around it.
//
// For one address and port, the first that applies decides:
//   1. An own listener is refused, unless `allow` names that very address (/32, /128): a proxy that
//      connects to itself is a loop. A listener on 0.0.0.0 or :: (dual stack) is every local
//      address at that port; "::" counts for IPv4 as well.
//   2. The longest block of `allow` and `deny` that holds the address; of equal ones `deny`.
//   3. The built-in refusals: unspecified and 0/8, loopback, link-local, cloud metadata, multicast,
//      broadcast.
//   4. Anything else is allowed, private networks included.
// An IPv6 address with IPv4 ones inside (egress/embedded_address.h) must pass as itself and as each
// of them; `allow` for the IPv6 block does not open the IPv4 address inside.
//
// Immutable after construction; a reload makes a new one.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "config/network.h"
#include "wire/address.h"

namespace bulkhead::egress {

struct Denied {
  std::string_view reason;  // static: "loopback", "own listener", ... for the log
};

// Whether the address is one of this host's. Asks the kernel by binding a socket to it, so that it
// is right at that moment, and works where netlink is closed. With ip_nonlocal_bind every address
// is local.
bool is_local_address(const wire::IpAddress& address);

class DestinationPolicy {
 public:
  using IsLocal = std::function<bool(const wire::IpAddress&)>;

  DestinationPolicy(config::Destinations destinations, std::vector<wire::Endpoint> own_listeners,
                    IsLocal is_local = is_local_address);

  // Nothing: allowed.
  std::optional<Denied> check(const wire::Endpoint& destination) const;

  // Whether connecting there comes back to this proxy.
  bool is_own_listener(const wire::Endpoint& destination) const;

 private:
  std::optional<Denied> check_one(const wire::Endpoint& destination) const;
  bool listener_takes(const wire::Endpoint& listener, const wire::Endpoint& destination) const;

  config::Destinations destinations_;
  std::vector<wire::Endpoint> own_listeners_;
  IsLocal is_local_;
};

}  // namespace bulkhead::egress
