// Definitions: who may use the proxy, and how often somebody may be wrong.
#include "config/describe.h"

namespace bulkhead::config {
namespace {

using namespace std::chrono_literals;

constexpr double unlimited = 1e9;

}  // namespace

template <>
void describe(Section<UserLimits>& section) {
  section
      .add("requests_per_second", &UserLimits::requests_per_second,
           "Sustained rate of requests; 0: unlimited.")
      .range(0, unlimited);
  section.add("burst", &UserLimits::burst, "Requests above the rate taken at once.");
  section
      .add("max_mbps", &UserLimits::max_mbps,
           "Mbit/s, both directions of all connections together; 0: unlimited.")
      .range(0, unlimited);
  section.add("max_connections", &UserLimits::max_connections,
              "Connections at the same time; 0: unlimited.");
  section.add("monthly_quota", &UserLimits::monthly_quota,
              "Bytes, both directions together, in a calendar month (UTC); 0: unlimited.");
  section.add("domains", &UserLimits::domains,
              "Destinations by name that may be reached; with destinations empty too: all.");
  section.add("destinations", &UserLimits::destinations,
              "Destinations written as an address that may be reached.");
}

template <>
void describe(Section<AuthUser>& section) {
  section.add("username", &AuthUser::username, "The name the user logs in with.")
      .required()
      .check(check_user_name);
  section
      .add("password_hash", &AuthUser::password_hash,
           "argon2id, yescrypt, bcrypt or sha512-crypt hash of the password.")
      .required()
      .check(check_password_hash)
      .roles(auth);
  section.add("groups", &AuthUser::groups, "Groups the user is in.").check(check_name);
  section.add("limits", &AuthUser::limits, "Instead of server.auth.limits.");
}

template <>
void describe(Section<AuthAcl>& section) {
  section.add("group", &AuthAcl::group, "A group of users.").required().check(check_name);
  section.add("backends", &AuthAcl::backends, "Backends its users may use, or \"*\" for all.")
      .check(check_name);
}

template <>
void describe(Section<NativeAuth>& section) {
  section
      .add("users", &NativeAuth::users,
           "Users known to the server itself, beside those of its store.")
      .roles(auth);
  section
      .add("acl", &NativeAuth::acl,
           "Which groups may use which backends, in any mode; empty: all may use all.")
      .roles(auth | acceptor | admin);
}

template <>
void describe(Section<AuthCache>& section) {
  section.add("ttl", &AuthCache::ttl, "How long a yes is remembered; 0: not at all.")
      .between(0s, 24h);
  section.add("failure_ttl", &AuthCache::failure_ttl, "How long a no is remembered; 0: not at all.")
      .between(0s, 1h);
  section
      .add("max_entries", &AuthCache::max_entries,
           "Verdicts an acceptor remembers; the oldest go first.")
      .range(16, 10'000'000);
}

template <>
void describe(Section<Lockout>& section) {
  section.add("enabled", &Lockout::enabled, "Delay and ban who presents wrong credentials.");
  section.add("free_attempts", &Lockout::free_attempts, "Wrong credentials before the first delay.")
      .range(1, 1'000'000);
  section.add("delay", &Lockout::delay, "The first delay; doubled with each further failure.")
      .between(0s, 1h);
  section.add("max_delay", &Lockout::max_delay, "The longest delay.").between(0s, 1h);
  section
      .add("ban_after", &Lockout::ban_after,
           "Wrong credentials after which a user or an address is banned; 0: never.")
      .range(0, 1'000'000);
  section.add("ban", &Lockout::ban, "How long.").between(1s, 24h * 365);
  section.add("forget", &Lockout::forget, "Without a failure for so long, none is remembered.")
      .between(1s, 24h * 365);
  section.add("allow", &Lockout::allow, "Clients that are never delayed or banned.");
}

template <>
void describe(Section<Auth>& section) {
  constexpr Roles deciding = auth | admin;
  section
      .add("mode", &Auth::mode,
           "How clients prove who they are; several are asked in the order given.")
      .one_or_many();
  section
      .add("trusted_networks", &Auth::trusted_networks,
           "Clients that need no credential. One that is presented counts all the same.")
      .roles(auth | acceptor | admin);
  section.add("realm", &Auth::realm, "What a browser's prompt names.")
      .check(check_realm)
      .roles(auth | acceptor | admin);
  section
      .add("timeout", &Auth::timeout,
           "How long one verdict may take; afterwards the request is refused.")
      .between(100ms, 10min);
  section.add("cache", &Auth::cache, "How long verdicts are remembered.");
  section.add("lockout", &Auth::lockout, "What follows wrong credentials.").roles(deciding);
  section.add("limits", &Auth::limits, "What each user may do, unless the user has limits.")
      .roles(deciding);
  section
      .add(
          "store", &Auth::store,
          "Where users, tokens and usage are kept: a postgresql:// URL; empty: SQLite in the state "
          "directory.")
      .check(check_store_url)
      .roles(auth);
  section
      .add("hashing_threads", &Auth::hashing_threads,
           "Passwords hashed at the same time; auto: half the cores.")
      .range(1, 256)
      .empty_word("auto")
      .roles(deciding);
  section.add("native", &Auth::native, "Users of the server itself; mode native.");
  section.add("system", &Auth::system, "Users of the operating system; mode system.")
      .roles(deciding);
  section.add("ldap", &Auth::ldap, "LDAP or Active Directory; mode ldap.").roles(deciding);
  section.add("oauth", &Auth::oauth, "OAuth 2.0 or OpenID Connect; mode oauth.").roles(deciding);
}

}  // namespace bulkhead::config
