// Sees clients misbehave: connections opened far too fast, many destinations that cannot be
// reached, many different ports. Counted over all acceptors; what follows is the supervisor's to
// decide.
#pragma once

#include <cstdint>
#include <functional>

#include "proto/ban.h"
#include "workers/acceptor/policy/limits.h"

namespace bulkhead::acceptor {

class AbuseWatch {
 public:
  using Report = std::function<void(proto::BanReason, const wire::IpAddress&)>;

  explicit AbuseWatch(Limits& limits) : limits_(limits) {}
  void set_report(Report report) { report_ = std::move(report); }

  // subject: of the address (ClientPlace::address()).
  // A connection was refused because the address opens them too fast.
  void connection_refused(std::uint64_t subject, const wire::IpAddress& address);
  void port_asked(std::uint64_t subject, const wire::IpAddress& address, std::uint16_t port);
  // Any refusal; those that are about the destination count.
  void refused(std::uint64_t subject, const wire::IpAddress& address, proto::Refusal reason);
  // Wrong credentials, far too often; whoever counts them says so.
  void authentication_failed(std::uint64_t subject, const wire::IpAddress& address);

 private:
  void report(std::uint64_t subject, const wire::IpAddress& address, proto::BanReason reason);
  void log_flood(std::uint64_t subject, const wire::IpAddress& address);

  Limits& limits_;
  Report report_;
  ipc::RateCell log_lines_{};
};

}  // namespace bulkhead::acceptor
