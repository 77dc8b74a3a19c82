// Who is kept out for a time, and why: what an acceptor tells the supervisor, and the supervisor
// proxyctl.
#pragma once

#include "proto/codec.h"
#include "proto/message_type.h"

namespace bulkhead::proto {

enum class BanReason : std::uint8_t {
  by_hand,
  connection_flood,     // opened connections far faster than it may
  failed_destinations,  // asked for many that could not be reached
  port_scan,            // asked for many different ports
  authentication,       // was wrong too often
  end_
};

constexpr std::string_view to_string(BanReason reason) {
  switch (reason) {
    case BanReason::by_hand:
      return "by_hand";
    case BanReason::connection_flood:
      return "connection_flood";
    case BanReason::failed_destinations:
      return "failed_destinations";
    case BanReason::port_scan:
      return "port_scan";
    case BanReason::authentication:
      return "authentication";
    case BanReason::end_:
      break;
  }
  return "unknown";
}

// An acceptor has seen a client misbehave: the supervisor decides what follows.
struct Offence {
  static constexpr MessageType type = MessageType::offence;
  BanReason reason = BanReason::connection_flood;
  wire::Endpoint client;  // without a port
  static auto fields(auto& self) { return std::tie(self.reason, self.client); }
};

struct BanRow {
  static constexpr MessageType type = MessageType::ban_row;
  wire::Endpoint client;  // without a port; an IPv6 address stands for its /64
  Text<32> reason;
  std::uint64_t since_ms = 0;  // since 1970
  std::uint64_t left_ms = 0;
  static auto fields(auto& self) {
    return std::tie(self.client, self.reason, self.since_ms, self.left_ms);
  }
};

}  // namespace bulkhead::proto
