#include "workers/auth/method/oauth/oauth.h"

#include "workers/auth/method/oauth/jwt.h"
#include "workers/auth/method/verdict.h"

namespace bulkhead::auth {
namespace {

constexpr std::string_view token_user = "bearer";
// The proxy's own tokens are nobody else's business: see workers/auth/native/.
constexpr std::string_view own_tokens = "bh_";

}  // namespace

Oauth::Oauth(const config::OauthAuth& settings)
    : settings_(with_presets(settings)),
      rules_(rules_of(settings_)),
      client_(settings_.ca_cert, settings_.timeout),
      provider_(settings_, client_),
      verifier_(settings_, provider_),
      opaque_(settings_, provider_, client_),
      code_flow_(settings_, provider_, verifier_, client_) {}

Verdict Oauth::check_jwt(std::string_view token, Deadline deadline) {
  const auto claims = verifier_.verify(token, rules_, deadline);
  return claims ? admit(name(), *claims, rules_) : refusal(name(), claims.error());
}

Verdict Oauth::check_opaque(const platform::Secret& token, Deadline deadline) {
  const auto claims = opaque_.ask(token, rules_, deadline);
  return claims ? admit(name(), *claims, rules_) : refusal(name(), claims.error().reason);
}

bool Oauth::is_jwt(std::string_view token) const {
  return !settings_.jwt.issuer.empty() && looks_like_jwt(token);
}

// What may be somebody's password, or is a token of the proxy's own, is not sent to the provider.
bool Oauth::concerns(const Credential& credential) const {
  const std::string_view token = credential.secret.reveal();
  if (is_jwt(token)) return true;
  const bool opaque = settings_.opaque_tokens_in_force() != config::OpaqueTokens::off;
  const bool may_be_sent =
      credential.kind == Credential::Kind::bearer || credential.user == token_user;
  return opaque && may_be_sent && !token.starts_with(own_tokens);
}

Verdict Oauth::check(const Credential& credential, Deadline deadline) {
  if (!concerns(credential)) return refusal(name(), Reason::other_kind_of_credential);
  const bool jwt = is_jwt(credential.secret.reveal());
  Verdict verdict = jwt ? check_jwt(credential.secret.reveal(), deadline)
                        : check_opaque(credential.secret, deadline);
  const bool by_name = credential.kind == Credential::Kind::bearer || credential.user == token_user;
  if (verdict.outcome == Outcome::accepted && !by_name && verdict.user != credential.user)
    return refusal(name(), Reason::token_claims);
  return verdict;
}

}  // namespace bulkhead::auth
