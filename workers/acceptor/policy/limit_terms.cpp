#include "workers/acceptor/policy/limit_terms.h"

#include <algorithm>
#include <cmath>

namespace bulkhead::acceptor {
namespace {

constexpr double ns_per_second = 1e9;
// A rate may be ahead of itself by this much, whatever the burst: nobody's requests come evenly,
// and what is lost by their coming a little late would be missing from the rate.
constexpr std::uint64_t unevenness = 50'000'000;
// A portion is what the rate gives in this time, within bounds: large ones cost few wake-ups, small
// ones let many connections have their turn.
constexpr double portion_seconds = 0.010;
constexpr double smallest_portion = 1448;  // a segment
constexpr double largest_portion = 256 * 1024;

RateTerms of(const config::RequestRate& rate) {
  return rate_terms(rate.requests_per_second, rate.burst);
}

// So many in the window are still forgiven.
RateTerms events_in(std::uint64_t window, std::uint32_t events) {
  if (events == 0) return {};
  return {std::max<std::uint64_t>(window / events, 1), window};
}

AbuseTerms abuse_terms(const config::Abuse& abuse) {
  AbuseTerms terms;
  terms.enabled = abuse.enabled;
  terms.window = static_cast<std::uint64_t>(abuse.window.count()) * 1'000'000;
  if (!abuse.enabled) return terms;
  terms.failures = events_in(terms.window, abuse.failed_destinations);
  terms.ports = events_in(terms.window, abuse.scanned_ports);
  terms.floods = events_in(terms.window, abuse.refused_connections);
  return terms;
}

void add_bandwidth(LimitTerms& terms, const config::Bandwidth& bandwidth) {
  terms.connection_bytes = byte_terms(bandwidth.max_mbps_per_connection);
  terms.address_bytes = byte_terms(bandwidth.max_mbps_per_ip);
  terms.all_bytes = byte_terms(bandwidth.max_mbps_total);
  terms.user.bytes = byte_terms(bandwidth.max_mbps_per_user);
}

}  // namespace

RateTerms rate_terms(double per_second, std::uint32_t burst) {
  if (per_second <= 0) return {};
  const auto cost =
      static_cast<std::uint64_t>(std::max(1.0, std::round(ns_per_second / per_second)));
  return {cost, cost * burst + unevenness};
}

ByteTerms byte_terms(double megabits_per_second) {
  if (megabits_per_second <= 0) return {};
  const double bytes_per_second = megabits_per_second * 1e6 / 8;
  const double portion =
      std::clamp(bytes_per_second * portion_seconds, smallest_portion, largest_portion);
  return {ns_per_second / bytes_per_second, static_cast<std::uint32_t>(portion)};
}

LimitTerms limit_terms(const config::Config& config) {
  LimitTerms terms;
  const config::Limits& limits = config.network.limits;
  terms.max_connections = limits.max_connections;
  terms.max_connections_per_ip = limits.max_connections_per_ip;
  terms.max_memory = limits.max_memory.bytes;
  terms.user.max_connections = limits.max_connections_per_user;
  terms.abuse = abuse_terms(config.access_control.abuse);
  const config::RateLimiting& rates = config.rate_limiting;
  if (!rates.enabled) return terms;
  terms.opening = rate_terms(rates.connections.per_second, rates.connections.burst);
  terms.all_requests = of(rates.global);
  terms.address_requests = of(rates.per_ip);
  terms.user.requests = of(rates.per_user);
  if (rates.bandwidth.enabled) add_bandwidth(terms, rates.bandwidth);
  return terms;
}

}  // namespace bulkhead::acceptor
