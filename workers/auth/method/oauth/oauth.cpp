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

Verdict Oauth::check_token(const platform::Secret& token, bool may_be_sent, Deadline deadline) {
  const std::string_view text = token.reveal();
  if (!settings_.jwt.issuer.empty() && looks_like_jwt(text)) return check_jwt(text, deadline);
  const bool opaque = settings_.opaque_tokens_in_force() != config::OpaqueTokens::off;
  if (!opaque || !may_be_sent || text.starts_with(own_tokens))
    return refusal(name(), Reason::other_kind_of_credential);
  return check_opaque(token, deadline);
}

Verdict Oauth::check(const Credential& credential, Deadline deadline) {
  if (credential.kind == Credential::Kind::bearer)
    return check_token(credential.secret, true, deadline);
  const bool by_name = credential.user == token_user;
  Verdict verdict = check_token(credential.secret, by_name, deadline);
  if (verdict.outcome == Outcome::accepted && !by_name && verdict.user != credential.user)
    return refusal(name(), Reason::token_claims);
  return verdict;
}

}  // namespace bulkhead::auth
