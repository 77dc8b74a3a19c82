// Whether a JWT was made by the issuer for us, and is good now.
#pragma once

#include "workers/auth/method/oauth/claims.h"
#include "workers/auth/method/oauth/jwt.h"
#include "workers/auth/method/oauth/provider.h"

namespace bulkhead::auth {

// Thread-safe.
class TokenVerifier {
 public:
  // Both must outlive it. settings: with_presets().
  TokenVerifier(const config::OauthAuth& settings, Provider& provider)
      : settings_(settings), provider_(provider) {}

  // Its claims, when algorithm, signature and claims (issuers beside the rules' own are the
  // provider's) are right; else the reason. Blocks while keys are fetched.
  tl::expected<Json, Reason> verify(std::string_view token, ClaimRules rules, Deadline deadline);

 private:
  Reason check_signature(const Jwt& jwt, Deadline deadline);
  bool is_allowed(config::JwtAlgorithm algorithm) const;

  const config::OauthAuth& settings_;
  Provider& provider_;
};

// The rules for tokens that the settings ask for.
ClaimRules rules_of(const config::OauthAuth& settings);

}  // namespace bulkhead::auth
