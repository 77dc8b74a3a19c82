// `mode: oauth`: bearer tokens of an OAuth 2.0 or OpenID Connect provider.
//
//   a JWT             is checked here, with the issuer's keys: algorithm, signature, iss, aud, exp,
//                     nbf. Never sent anywhere
//   any other token   is asked about at the provider, if opaque_tokens says so
//
// A token may also be the password of Basic or SOCKS, with the token's own user or "bearer" as the
// name. An opaque one needs "bearer": else a password that was meant for another method would be
// sent to the provider.
#pragma once

#include "workers/auth/method/oauth/claims.h"
#include "workers/auth/method/oauth/code_flow.h"
#include "workers/auth/method/oauth/opaque_token.h"
#include "workers/auth/method/oauth/provider.h"
#include "workers/auth/method/oauth/token_verifier.h"

namespace bulkhead::auth {

class Oauth : public Method {
 public:
  explicit Oauth(const config::OauthAuth& settings);

  std::string_view name() const override { return "oauth"; }
  bool concerns(const Credential& credential) const override;
  Verdict check(const Credential& credential, Deadline deadline) override;

  // For logging in with a browser; lives as long as this.
  CodeFlow& code_flow() { return code_flow_; }

 private:
  Verdict check_jwt(std::string_view token, Deadline deadline);
  Verdict check_opaque(const platform::Secret& token, Deadline deadline);

  bool is_jwt(std::string_view token) const;

  const config::OauthAuth settings_;
  const ClaimRules rules_;
  HttpClient client_;
  Provider provider_;
  TokenVerifier verifier_;
  OpaqueTokens opaque_;
  CodeFlow code_flow_;
};

}  // namespace bulkhead::auth
