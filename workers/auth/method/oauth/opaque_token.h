// Asking the provider about a token that says nothing by itself.
//
//   introspection   RFC 7662, with the proxy's own login. Google has an endpoint of its own instead
//                   (tokeninfo): there an answer means "active", and aud must be the client
//   userinfo        OpenID Connect Core section 5.3. It does not say for whom the token was issued:
//                   any token of the provider is accepted
#pragma once

#include "workers/auth/method/oauth/claims.h"
#include "workers/auth/method/oauth/provider.h"

namespace bulkhead::auth {

class OpaqueTokens {
 public:
  // All must outlive it. settings: with_presets().
  OpaqueTokens(const config::OauthAuth& settings, Provider& provider, HttpClient& client)
      : settings_(settings), provider_(provider), client_(client) {}

  // The claims the provider gave; or why not.
  tl::expected<Json, HttpError> ask(const platform::Secret& token, const ClaimRules& rules,
                                    Deadline deadline);

 private:
  tl::expected<Json, HttpError> introspect(const platform::Secret& token, const ClaimRules& rules,
                                           Deadline deadline);
  tl::expected<Json, HttpError> userinfo(const platform::Secret& token, Deadline deadline);
  tl::expected<Json, HttpError> answer_of(const HttpRequest& request, Deadline deadline);

  const config::OauthAuth& settings_;
  Provider& provider_;
  HttpClient& client_;
  Trouble trouble_{"oauth", "introspection or userinfo"};
};

// "Basic …" of RFC 6749 section 2.3.1: both parts form-encoded first.
platform::Secret client_authorization(const std::string& client_id,
                                      const platform::Secret& client_secret);

}  // namespace bulkhead::auth
