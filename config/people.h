// Who may use the proxy and how much: the users of the configuration, their groups and limits, and
// how often somebody may be wrong.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/values.h"

namespace bulkhead::config {

// What one user may do; 0 or empty: no limit.
struct UserLimits {
  double requests_per_second = 0;
  std::uint32_t burst = 0;  // requests above the rate taken at once
  double max_mbps = 0;      // 10^6 bits a second, both directions together
  std::uint32_t max_connections = 0;
  ByteSize monthly_quota;                // both directions together, by calendar month in UTC
  std::vector<DomainPattern> domains;    // destinations by name, and
  std::vector<wire::Cidr> destinations;  // by address; with both empty: everywhere
  friend bool operator==(const UserLimits&, const UserLimits&) = default;
};

struct AuthUser {
  std::string username;
  Secret password_hash;  // bcrypt, yescrypt, sha512-crypt or argon2id, in crypt(5) form
  std::vector<std::string> groups;
  std::optional<UserLimits> limits;  // empty: server.auth.limits
  friend bool operator==(const AuthUser&, const AuthUser&) = default;
};

struct AuthAcl {
  std::string group;
  std::vector<std::string> backends;  // names, or "*"
  friend bool operator==(const AuthAcl&, const AuthAcl&) = default;
};

struct NativeAuth {
  std::vector<AuthUser> users;
  std::vector<AuthAcl> acl;  // empty: every user may use every backend
  friend bool operator==(const NativeAuth&, const NativeAuth&) = default;
};

// How long a verdict is remembered by those who asked for it.
struct AuthCache {
  Duration ttl{60'000};
  Duration failure_ttl{5'000};
  std::uint32_t max_entries = 50'000;  // in each acceptor
  friend bool operator==(const AuthCache&, const AuthCache&) = default;
};

// What follows wrong credentials. Counted for the user's name and for the client's address (for
// IPv6 its /64), each for itself.
struct Lockout {
  bool enabled = true;
  std::uint32_t free_attempts = 5;  // without a delay
  Duration delay{1'000};            // of the next, doubled with each further one
  Duration max_delay{30'000};
  std::uint32_t ban_after = 20;
  Duration ban{15 * 60'000};
  Duration forget{15 * 60'000};   // without a failure for so long: as if nothing had been
  std::vector<wire::Cidr> allow;  // clients that are never delayed or banned
  friend bool operator==(const Lockout&, const Lockout&) = default;
};

}  // namespace bulkhead::config
