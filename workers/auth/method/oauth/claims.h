// Whether the claims of a token whose signature is right let somebody in, and whom.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "workers/auth/method/method.h"
#include "workers/auth/method/oauth/json.h"

namespace bulkhead::auth {

struct ClaimRules {
  std::vector<std::string> issuers;    // one of them, to the letter
  std::vector<std::string> audiences;  // one of them must be in aud
  std::chrono::seconds leeway{0};
  std::string username_claim;
  std::string groups_claim;
  std::vector<std::string> allowed_groups;   // empty: all
  std::vector<std::string> allowed_domains;  // empty: all
};

using WallTime = std::chrono::system_clock::time_point;

// iss, aud, exp (which must be there), nbf and iat. Reason::accepted if they are right.
Reason check_token_claims(const Json& claims, const ClaimRules& rules, WallTime now);

// User and groups of a token's, an introspection's or a userinfo's claims, and whether they may use
// the proxy. expires is set if there is an exp.
Verdict admit(std::string_view method, const Json& claims, const ClaimRules& rules);

}  // namespace bulkhead::auth
