// The limits of a configuration in the form in which they are applied: times and counts.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "config/model.h"

namespace bulkhead::acceptor {

// Events by rate (ipc/page/rate_table.h); nanoseconds.
struct RateTerms {
  std::uint64_t cost = 0;       // between events at the sustained rate; 0: unlimited
  std::uint64_t tolerance = 0;  // what may be owed before an event is refused

  bool limited() const { return cost != 0; }
};

// Bytes by rate.
struct ByteTerms {
  double cost = 0;            // nanoseconds a byte; 0: unlimited
  std::uint32_t portion = 0;  // most bytes that are taken at a time: some milliseconds' worth

  bool limited() const { return portion != 0; }
  std::uint64_t cost_of(std::uint64_t bytes) const {
    return static_cast<std::uint64_t>(static_cast<double>(bytes) * cost);
  }
};

// Of one user. A verdict of the auth worker may bring terms of its own.
struct UserTerms {
  RateTerms requests;
  ByteTerms bytes;
  bool bytes_together = false;  // both directions count as one
  std::uint32_t max_connections = 0;
};

// A user's own, if there are any: shared with the user's connections, so that a change holds for
// those that are open.
using OwnTerms = std::shared_ptr<const std::optional<UserTerms>>;

// Misbehaviour of an address that may lead to a ban: so many events in the window.
struct AbuseTerms {
  bool enabled = false;
  std::uint64_t window = 0;  // nanoseconds
  RateTerms failures, ports, floods;
};

struct LimitTerms {
  std::uint32_t max_connections = 0, max_connections_per_ip = 0;  // 0: unlimited
  std::uint64_t max_memory = 0;
  RateTerms opening;  // connections of an address
  RateTerms all_requests, address_requests;
  ByteTerms connection_bytes, address_bytes, all_bytes;
  UserTerms user;
  AbuseTerms abuse;

  bool limits_bytes() const {
    return connection_bytes.limited() || address_bytes.limited() || all_bytes.limited() ||
           user.bytes.limited();
  }
};

// per_second 0: unlimited.
RateTerms rate_terms(double per_second, std::uint32_t burst);
// 10^6 bits a second; 0: unlimited.
ByteTerms byte_terms(double megabits_per_second);

LimitTerms limit_terms(const config::Config& config);

}  // namespace bulkhead::acceptor
