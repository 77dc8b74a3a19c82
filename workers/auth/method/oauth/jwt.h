// A signed JSON Web Token in its compact form, taken apart (RFC 7515 section 3.1, RFC 7519).
// Nothing in it is true before its signature has been checked (signature.h) and then its claims
// (claims.h).
//
// Header members that would let a token say where its own key is (jku, jwk, x5u, x5c) are not even
// read; `crit` and anything that changes the signature's input (b64, zip) refuses the token.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/auth_methods.h"
#include "workers/auth/method/oauth/json.h"

namespace bulkhead::auth {

struct Jwt {
  // Nothing for an algorithm that we do not know, "none" and HS256 among them.
  std::optional<config::JwtAlgorithm> algorithm;
  std::string key_id;            // kid; empty if it names none. Only ever compared
  std::string type;              // typ in lower case without "application/"; empty if it names none
  Json claims;                   // an object
  std::string_view signed_part;  // into the token
  std::string signature;         // bytes
};

// Whether it has the form of one: three parts of base64url, the first of which is a JSON object
// with an "alg". What has it is never treated as an opaque token.
bool looks_like_jwt(std::string_view token);

// Nothing for what is malformed. The token must outlive the result.
std::optional<Jwt> parse_jwt(std::string_view token);

}  // namespace bulkhead::auth
