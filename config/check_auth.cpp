// server.auth: what its mode needs, and what would let in more than is meant.
#include <algorithm>
#include <unordered_set>

#include "config/check.h"
#include "config/text.h"

namespace bulkhead::config {
namespace {

const Origin in_auth{Origin::Source::file, "server.auth", 0, 0};

// bcrypt is 60 characters long; the others have no fixed length.
bool is_truncated(const Secret& hash) {
  constexpr std::size_t bcrypt_length = 60;
  const std::string_view text = hash.reveal();
  return text.starts_with("$2") && text.size() != bcrypt_length;
}

void check_users(Checker& checker, const NativeAuth& native) {
  std::unordered_set<std::string_view> names;
  for (std::size_t index = 0; index < native.users.size(); ++index) {
    const AuthUser& user = native.users[index];
    const std::string key = element("native.users", index);
    if (!user.username.empty() && !names.insert(user.username).second)
      checker.error(in_auth, key + ".username",
                    "duplicate name \"" + printable(user.username) + '"');
    if (!user.password_hash.empty() && is_truncated(user.password_hash))
      checker.warn(in_auth, key + ".password_hash",
                   "is no whole bcrypt hash: no password will match");
  }
}

void check_acl(Checker& checker, const NativeAuth& native) {
  for (std::size_t index = 0; index < native.acl.size(); ++index) {
    const auto& backends = native.acl[index].backends;
    for (std::size_t each = 0; each < backends.size(); ++each)
      if (backends[each] != "*")
        checker.known_backend(in_auth, element(element("native.acl", index) + ".backends", each),
                              backends[each]);
  }
}

void check_modes(Checker& checker, const std::vector<AuthMode>& modes) {
  if (checker.broken("server.auth.mode")) return;
  if (modes.empty()) return checker.error(in_auth, "mode", "is empty", "write none if it is meant");
  std::unordered_set<AuthMode> seen;
  for (const AuthMode mode : modes)
    if (!seen.insert(mode).second) checker.error(in_auth, "mode", "names one twice");
  if (modes.size() > 1 && seen.contains(AuthMode::none))
    checker.error(in_auth, "mode", "none goes with no other",
                  "trusted_networks says who needs no credential");
}

void check_lockout(Checker& checker, const Lockout& lockout) {
  if (lockout.enabled && lockout.ban_after == 0 && lockout.delay.count() == 0)
    checker.warn(in_auth, "lockout", "neither delays nor bans anybody");
  if (lockout.max_delay < lockout.delay)
    checker.error(in_auth, "lockout.max_delay", "is shorter than lockout.delay");
}

}  // namespace

void check_auth(Checker& checker) {
  const Auth& auth = checker.config().server.auth;
  check_modes(checker, auth.mode);
  check_lockout(checker, auth.lockout);
  if (auth.required()) check_acl(checker, auth.native);
  if (auth.uses(AuthMode::native)) check_users(checker, auth.native);
  if (auth.uses(AuthMode::ldap)) check_ldap(checker, auth.ldap);
  if (auth.uses(AuthMode::oauth)) check_oauth(checker, auth.oauth);
}

}  // namespace bulkhead::config
