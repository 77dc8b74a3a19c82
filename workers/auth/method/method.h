// One way to find out who somebody is: the interface that every method of authentication stands
// behind. Methods know nothing of lock-outs, caches, limits or the audit log; those are around
// them.
//
// check() and look_up() BLOCK, up to their deadline and a little more (a directory that hangs, a
// module that sleeps), so they run on the threads of the auth worker's pool and nowhere else. A
// method is thread-safe: any number of threads may be in it at once. It owns what it needs
// (connections, keys); destroying it while a call is in it is an error. Nothing throws.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/secret.h"

namespace bulkhead::auth {

using Deadline = std::chrono::steady_clock::time_point;

// Bounds of what is looked at at all, in bytes.
inline constexpr std::size_t max_user_bytes = 255;       // RFC 1929's
inline constexpr std::size_t max_password_bytes = 1024;  // PAM_MAX_RESP_SIZE is 512
inline constexpr std::size_t max_token_bytes = 8192;
inline constexpr std::size_t max_groups = 256;  // of one user; those beyond are left out
inline constexpr std::size_t max_group_bytes = 255;

// What a client presented. Move it rather than copying: each copy is one more place to wipe.
struct Credential {
  enum class Kind : std::uint8_t {
    basic,   // a name and a password (Basic, RFC 1929)
    bearer,  // a token alone
  };
  enum class Use : std::uint8_t { any, http, socks };  // any: it is not said
  Kind kind = Kind::basic;
  std::string user;         // empty for bearer
  platform::Secret secret;  // the password or the token
  Use use = Use::any;       // the protocol it was presented in
};

enum class Outcome : std::uint8_t {
  accepted,
  refused,      // this method knows the user and says no: nobody else is asked
  unknown,      // not this method's user, or no credential of its kind: the next one is asked
  unavailable,  // it could not find out; never a yes, never to be remembered as a no
};

// Why; one table (verdict.cpp) gives the stable name for logs and metrics.
enum class Reason : std::uint8_t {
  accepted,
  // unknown
  unknown_user,
  other_kind_of_credential,
  no_method,
  // refused
  malformed_credential,  // empty, oversize, control characters, not UTF-8
  wrong_password,
  account_disabled,
  account_expired,
  password_expired,
  not_in_allowed_groups,
  ambiguous_user,  // a search found several
  token_malformed,
  token_algorithm,  // "none", one that is not allowed, or one that is not its key's
  token_key,        // no such key at the issuer
  token_signature,
  token_issuer,
  token_audience,
  token_expired,
  token_not_yet_valid,
  token_inactive,  // introspection or userinfo said no
  token_claims,    // no user name in it, or one that cannot be used
  token_scope,     // good, and not for this
  // unavailable
  timed_out,
  server_unreachable,
  server_failed,   // it answered with something that is no verdict
  misconfigured,   // what only the operator can mend: the service's own login was refused …
  module_crashed,  // the one-shot child of a PAM transaction
  overloaded,
  end_
};

std::string_view to_string(Outcome outcome);
std::string_view to_string(Reason reason);
Outcome outcome_of(Reason reason);  // each reason belongs to exactly one outcome

// What came of it. Holds no secret, and of what a client wrote at most the name.
struct Verdict {
  Outcome outcome = Outcome::unavailable;
  Reason reason = Reason::server_failed;
  std::string_view method;  // name() of the method that said so; static storage
  // As the method knows the user; 1..max_user_bytes when accepted. Else empty, or who was meant by
  // what was typed.
  std::string user;
  // The rest only when accepted:
  std::vector<std::string> groups;  // sorted, each once; at most max_groups
  // When the credential itself ends (exp of a token); nothing when it does not say.
  std::optional<std::chrono::system_clock::time_point> expires;
};

class Method {
 public:
  Method() = default;
  Method(const Method&) = delete;
  Method& operator=(const Method&) = delete;
  virtual ~Method() = default;

  virtual std::string_view name() const = 0;  // static storage: "system", "ldap", …

  // False: check() would say other_kind_of_credential, so that nobody who is not this method's has
  // to wait for those who are. Does not block.
  virtual bool concerns(const Credential&) const { return true; }

  // The credential has passed acceptable() (verdict.h). It stays the caller's.
  virtual Verdict check(const Credential& credential, Deadline deadline) = 0;

  // Whether the user is (still) there and may log in, and with which groups, without a credential:
  // for `proxyctl auth test --user`, and to end the connections of one who was removed. Methods
  // that cannot say answer unknown.
  virtual Verdict look_up(std::string_view user, Deadline deadline);
};

}  // namespace bulkhead::auth
