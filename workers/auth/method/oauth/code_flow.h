// The authorization code flow with PKCE (RFC 6749 section 4.1, RFC 7636, OpenID Connect Core
// section 3.1), for logging in with a browser: begin() gives the address to send it to, finish()
// turns what it comes back with into a verdict. Between the two the caller keeps the Attempt, bound
// to that browser, and compares state.
#pragma once

#include <string>

#include "workers/auth/method/oauth/token_verifier.h"

namespace bulkhead::auth {

class CodeFlow {
 public:
  // All must outlive it. settings: with_presets().
  CodeFlow(const config::OauthAuth& settings, Provider& provider, TokenVerifier& verifier,
           HttpClient& client)
      : settings_(settings), provider_(provider), verifier_(verifier), client_(client) {}

  struct Attempt {
    std::string url;            // where the browser goes
    std::string state;          // comes back with it: must be the same
    std::string nonce;          // must be in the ID token
    platform::Secret verifier;  // of PKCE; never shown to the browser
    std::string redirect_url;   // where the browser comes back to
  };
  // state, nonce and verifier are 256 random bits each. redirect_url: registered at the provider.
  tl::expected<Attempt, HttpError> begin(const std::string& redirect_url, Deadline deadline);

  // code: from the browser's query, of an attempt whose state it had. Exchanges it for an ID token
  // and checks that: signature, iss, aud (client_id, whatever jwt.audience says), azp, nonce, exp.
  Verdict finish(const Attempt& attempt, const std::string& code, Deadline deadline);

 private:
  tl::expected<std::string, Reason> exchange(const Attempt& attempt, const std::string& code,
                                             Deadline deadline);

  const config::OauthAuth& settings_;
  Provider& provider_;
  TokenVerifier& verifier_;
  HttpClient& client_;
};

}  // namespace bulkhead::auth
