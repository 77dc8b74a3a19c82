// Who somebody is: what acceptors ask of the auth worker, what it tells them unasked, and how an
// administrator changes its users.
//
// An acceptor's CheckCredential is answered by one AuthVerdict, which the acceptor may remember for
// as long as it says. UserRevoked and LimitsChanged take back what was said. After PeerRestarted
// the acceptor names in UsersPresent whom it is serving, and hears of those who are gone.
#pragma once

#include "platform/secret.h"
#include "proto/codec.h"
#include "proto/message_type.h"

namespace bulkhead::proto {

inline constexpr std::size_t max_user_name = 255;  // RFC 1929
inline constexpr std::size_t max_secret = 8192;    // a password or a token
inline constexpr std::size_t max_user_groups = 128;

using UserName = Text<max_user_name>;
using GroupName = Text<255>;
using GroupList = List<GroupName, max_user_groups>;

enum class CredentialKind : std::uint8_t { basic, bearer, end_ };

struct CheckCredential {
  static constexpr MessageType type = MessageType::check_credential;
  static constexpr bool secret = true;
  CredentialKind kind = CredentialKind::basic;
  UserName user;  // empty for bearer
  SecretText<max_secret> credential;
  wire::Endpoint client;
  Text<16> protocol;  // http, connect, socks5: for the audit log, and the scope of tokens
  std::uint32_t timeout_ms = 0;
  static auto fields(auto& self) {
    return std::tie(self.kind, self.user, self.credential, self.client, self.protocol,
                    self.timeout_ms);
  }
};

// What one user may do. 0 or empty: no limit.
struct UserLimits {
  std::uint64_t requests_per_1000s = 0;
  std::uint32_t burst = 0;
  std::uint64_t bytes_per_second = 0;  // both directions of all connections together
  std::uint32_t max_connections = 0;
  bool quota_exhausted = false;     // nothing more this month
  List<Text<253>, 64> domains;      // patterns as in config::DomainPattern
  List<Text<43>, 64> destinations;  // CIDR; with domains empty too: everywhere
  static auto fields(auto& self) {
    return std::tie(self.requests_per_1000s, self.burst, self.bytes_per_second,
                    self.max_connections, self.quota_exhausted, self.domains, self.destinations);
  }
};

enum class AuthOutcome : std::uint8_t {
  accepted,
  refused,
  throttled,    // too many wrong credentials before: this one was not looked at
  unavailable,  // it could not be found out; never to be remembered
  end_
};

struct AuthVerdict {
  static constexpr MessageType type = MessageType::auth_verdict;
  AuthOutcome outcome = AuthOutcome::unavailable;
  Text<32> reason, method;    // for logs
  std::uint32_t ttl_ms = 0;   // how long it may be remembered
  std::uint32_t retry_s = 0;  // throttled: when to come back
  UserName user;              // accepted: as the method knows the user
  GroupList groups;
  UserLimits limits;
  static auto fields(auto& self) {
    return std::tie(self.outcome, self.reason, self.method, self.ttl_ms, self.retry_s, self.user,
                    self.groups, self.limits);
  }
};

// Verdicts about the user are void; without a name, all are.
struct UserRevoked {
  static constexpr MessageType type = MessageType::user_revoked;
  UserName user;
  bool end_connections = false;  // the user is gone, or may not be here any more
  static auto fields(auto& self) { return std::tie(self.user, self.end_connections); }
};

struct LimitsChanged {
  static constexpr MessageType type = MessageType::limits_changed;
  UserName user;
  UserLimits limits;
  static auto fields(auto& self) { return std::tie(self.user, self.limits); }
};

struct PresentUser {
  UserName user;
  Text<32> method;  // that knew the user; empty: not known
  static auto fields(auto& self) { return std::tie(self.user, self.method); }
};

// Users whom an acceptor serves; in as many parts as it takes. Those who may not be here any more
// come back as UserRevoked.
struct UsersPresent {
  static constexpr MessageType type = MessageType::users_present;
  List<PresentUser, 200> users;
  static auto fields(auto& self) { return std::tie(self.users); }
};

struct UserTraffic {
  UserName user;
  std::uint64_t up = 0, down = 0;  // bytes since the last report
  std::uint64_t requests = 0;
  static auto fields(auto& self) { return std::tie(self.user, self.up, self.down, self.requests); }
};

// Answered by UsageStored when it is in the store. An acceptor that did not hear of it sends the
// same batch again, and it is counted once.
struct ReportUsage {
  static constexpr MessageType type = MessageType::report_usage;
  std::uint64_t source = 0;  // drawn at random by each acceptor process
  std::uint64_t batch = 0;   // ascending
  List<UserTraffic, 200> users;
  static auto fields(auto& self) { return std::tie(self.source, self.batch, self.users); }
};

struct UsageStored {
  static constexpr MessageType type = MessageType::usage_stored;
  std::uint64_t batch = 0;
  static auto fields(auto& self) { return std::tie(self.batch); }
};

}  // namespace bulkhead::proto
