// The IPv4 addresses that hide in IPv6 ones: a gateway or the local stack would deliver to them, so
// a policy has to look at them as well.
//
//   ::/96            IPv4-compatible (RFC 4291 section 2.5.5.1, deprecated), but :: and ::1
//   ::ffff:0:0:0/96  IPv4-translated (RFC 2765 section 2.1)
//   64:ff9b::/96     NAT64, well-known prefix (RFC 6052 section 2.1)
//   64:ff9b:1::/48   NAT64, local use (RFC 8215), read as a /96
//   2002::/16        6to4 (RFC 3056 section 2)
//   2001::/32        Teredo (RFC 4380 section 4): server and client
//
// IPv4-mapped addresses are none of these: wire::IpAddress makes them IPv4.
#pragma once

#include <vector>

#include "wire/address.h"

namespace bulkhead::egress {

std::vector<wire::IpAddress> embedded_ipv4(const wire::IpAddress& address);

}  // namespace bulkhead::egress
