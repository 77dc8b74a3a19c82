// How much there may be of something: `network.limits`, `rate_limiting` and `access_control.abuse`.
#pragma once

#include <cstdint>
#include <vector>

#include "config/values.h"

namespace bulkhead::config {

struct Limits {
  std::uint32_t max_connections = 10'000;  // 0: unlimited, as for all below
  std::uint32_t max_connections_per_ip = 0;
  std::uint32_t max_connections_per_user = 0;
  std::uint32_t max_connections_per_backend = 0;
  ByteSize max_memory;  // of an acceptor's own: beyond it new connections are refused
  friend bool operator==(const Limits&, const Limits&) = default;
};

struct RequestRate {
  double requests_per_second = 0;  // 0: unlimited
  std::uint32_t burst = 0;         // above the rate, taken at once
  friend bool operator==(const RequestRate&, const RequestRate&) = default;
};

struct ConnectionRate {
  double per_second = 0;  // 0: unlimited
  std::uint32_t burst = 0;
  friend bool operator==(const ConnectionRate&, const ConnectionRate&) = default;
};

// Each direction by itself may have it.
struct Bandwidth {
  bool enabled = false;
  double max_mbps_per_connection = 0;  // 10^6 bits a second; 0: unlimited
  double max_mbps_per_ip = 0;
  double max_mbps_per_user = 0;
  double max_mbps_total = 0;
  friend bool operator==(const Bandwidth&, const Bandwidth&) = default;
};

// A client address is, for IPv6, its /64.
struct RateLimiting {
  bool enabled = false;
  RequestRate global;
  RequestRate per_ip;
  RequestRate per_user;
  ConnectionRate connections;  // of a client address
  Bandwidth bandwidth;
  friend bool operator==(const RateLimiting&, const RateLimiting&) = default;
};

// What a client address may do in the window before it is banned; 0: as much as it likes.
struct Abuse {
  bool enabled = false;
  Duration window{60'000};
  std::uint32_t failed_destinations = 200;   // that could not be reached or are denied
  std::uint32_t scanned_ports = 50;          // different ones asked for
  std::uint32_t refused_connections = 1000;  // above rate_limiting.connections
  Duration ban{10 * 60'000};
  std::vector<wire::Cidr> allow;  // never banned
  friend bool operator==(const Abuse&, const Abuse&) = default;
};

}  // namespace bulkhead::config
