#include "workers/auth/native/native_method.h"

#include <ctime>

#include "workers/auth/method/verdict.h"
#include "workers/auth/native/token.h"
#include "workers/auth/native/token_scope.h"

namespace bulkhead::auth {
namespace {

// How stale the note of a token's last use may be, in seconds: not every request is worth a write.
constexpr std::int64_t use_is_noted_every = 60;

}  // namespace

Verdict NativeMethod::refuse(Reason reason) const {
  return refusal(name(), reason);
}

Verdict NativeMethod::refuse(const StoreError& error) const {
  return refuse(error.unavailable ? Reason::server_unreachable : Reason::server_failed);
}

Verdict NativeMethod::accept(Account account) const {
  return acceptance(name(), std::move(account.name), std::move(account.groups));
}

bool NativeMethod::concerns(const Credential& credential) const {
  return credential.kind == Credential::Kind::basic || looks_like_token(credential.secret.reveal());
}

Verdict NativeMethod::check(const Credential& credential, Deadline deadline) {
  const std::string_view secret = credential.secret.reveal();
  if (credential.kind == Credential::Kind::bearer) return check_token(credential, {});
  if (looks_like_token(secret)) return check_token(credential, credential.user);
  return check_password(credential, deadline);
}

Verdict NativeMethod::check_password(const Credential& credential, Deadline deadline) {
  if (credential.secret.size() > max_password_bytes) return refuse(Reason::malformed_credential);
  auto found = accounts_.find(credential.user);
  const bool known = found && *found && !(**found).password_hash.empty();
  const platform::Secret hash = known ? (**found).password_hash : accounts_.decoy(credential.user);
  const auto verified = places_.verify(hash, credential.secret.reveal(), deadline);
  if (!verified) return refuse(Reason::overloaded);
  if (!found) return refuse(found.error());
  if (!*found) return refuse(Reason::unknown_user);
  if (!known || !*verified) return refuse(Reason::wrong_password);
  if (!(**found).enabled) return refuse(Reason::account_disabled);
  upgrade(**found, credential, deadline);
  return accept(std::move(**found));
}

// The clear password is at hand only now. Of the configuration's users nothing is written.
void NativeMethod::upgrade(const Account& account, const Credential& credential,
                           Deadline deadline) {
  if (account.in_config || !is_outdated(account.password_hash)) return;
  const auto better = places_.hash(credential.secret, deadline);
  if (better && !better->empty()) [[maybe_unused]]
    const auto done = accounts_.store().replace_hash(account.name, account.password_hash, *better);
}

Verdict NativeMethod::check_token(const Credential& credential, std::string_view user) {
  const std::string_view token = credential.secret.reveal();
  if (!looks_like_token(token)) return refuse(Reason::other_kind_of_credential);
  const std::string hash = token_hash(token);
  const auto found = accounts_.store().token(hash);
  if (!found) return refuse(found.error());
  if (!*found) return refuse(Reason::token_key);
  const StoredToken& known = **found;
  if (!user.empty() && known.user != user) return refuse(Reason::token_claims);
  const std::int64_t now = std::time(nullptr);
  if (known.expires != 0 && known.expires <= now) return refuse(Reason::token_expired);
  if (!allows(known.scope, credential.use)) return refuse(Reason::token_scope);
  auto account = accounts_.find(known.user);
  if (!account) return refuse(account.error());
  if (!*account) return refuse(Reason::token_inactive);
  if (!(**account).enabled) return refuse(Reason::account_disabled);
  if (now - known.last_used >= use_is_noted_every) [[maybe_unused]]
    const auto noted = accounts_.store().touch_token(hash, now);
  Verdict verdict = accept(std::move(**account));
  if (known.expires != 0) verdict.expires = std::chrono::system_clock::from_time_t(known.expires);
  return verdict;
}

Verdict NativeMethod::look_up(std::string_view user, Deadline) {
  auto found = accounts_.find(std::string(user));
  if (!found) return refuse(found.error());
  if (!*found) return refuse(Reason::unknown_user);
  if (!(**found).enabled) return refuse(Reason::account_disabled);
  return accept(std::move(**found));
}

}  // namespace bulkhead::auth
