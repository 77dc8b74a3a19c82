// Definitions: network.limits, rate_limiting, access_control.abuse.
#include "config/describe.h"

namespace bulkhead::config {
namespace {

using namespace std::chrono_literals;
constexpr double unlimited = 1e9;

}  // namespace

template <>
void describe(Section<Limits>& section) {
  section.add("max_connections", &Limits::max_connections,
              "Client connections in all; 0: unlimited.");
  section.add("max_connections_per_ip", &Limits::max_connections_per_ip,
              "Client connections an address, for IPv6 a /64; 0: unlimited.");
  section.add("max_connections_per_user", &Limits::max_connections_per_user,
              "Client connections a user; 0: unlimited.");
  section.add("max_connections_per_backend", &Limits::max_connections_per_backend,
              "Connections a backend; 0: unlimited.");
  section.add("max_memory", &Limits::max_memory,
              "Memory of an acceptor beyond which new connections are refused; 0: unlimited.");
}

template <>
void describe(Section<RequestRate>& section) {
  section
      .add("requests_per_second", &RequestRate::requests_per_second,
           "Sustained rate; 0: unlimited.")
      .range(0, unlimited);
  section.add("burst", &RequestRate::burst, "Requests above the rate taken at once.");
}

template <>
void describe(Section<ConnectionRate>& section) {
  section
      .add("per_second", &ConnectionRate::per_second,
           "New connections a client address, sustained; 0: unlimited.")
      .range(0, unlimited);
  section.add("burst", &ConnectionRate::burst, "Connections above the rate taken at once.");
}

template <>
void describe(Section<Bandwidth>& section) {
  section.add("enabled", &Bandwidth::enabled,
              "Limit bandwidth, each direction for itself; needs rate_limiting.enabled.");
  section
      .add("max_mbps_per_connection", &Bandwidth::max_mbps_per_connection,
           "Mbit/s a connection; 0: unlimited.")
      .range(0, unlimited);
  section
      .add("max_mbps_per_ip", &Bandwidth::max_mbps_per_ip, "Mbit/s a client address; 0: unlimited.")
      .range(0, unlimited);
  section.add("max_mbps_per_user", &Bandwidth::max_mbps_per_user, "Mbit/s a user; 0: unlimited.")
      .range(0, unlimited);
  section.add("max_mbps_total", &Bandwidth::max_mbps_total, "Mbit/s in all; 0: unlimited.")
      .range(0, unlimited);
}

template <>
void describe(Section<RateLimiting>& section) {
  section.add("enabled", &RateLimiting::enabled,
              "Limit rates; without it nothing in this section has an effect.");
  section.add("global", &RateLimiting::global, "All clients together.");
  section.add("per_ip", &RateLimiting::per_ip, "Each client address, for IPv6 a /64.");
  section.add("per_user", &RateLimiting::per_user, "Each authenticated user.");
  section.add("connections", &RateLimiting::connections,
              "How fast a client address may open connections.");
  section.add("bandwidth", &RateLimiting::bandwidth, "Bandwidth throttling.");
}

template <>
void describe(Section<Abuse>& section) {
  section.add("enabled", &Abuse::enabled, "Ban client addresses that misbehave.");
  section.add("window", &Abuse::window, "Time in which the following are counted.")
      .between(1s, 24h);
  section.add("failed_destinations", &Abuse::failed_destinations,
              "Destinations that could not be reached or are denied; 0: any number.");
  section.add("scanned_ports", &Abuse::scanned_ports,
              "Different destination ports asked for; 0: any number.");
  section.add("refused_connections", &Abuse::refused_connections,
              "Connections refused by rate_limiting.connections; 0: any number.");
  section.add("ban", &Abuse::ban, "How long an address is banned.").between(1s, 30 * 24h);
  section.add("allow", &Abuse::allow, "Client addresses that are never banned.");
}

}  // namespace bulkhead::config
