// An issuer's private key: signs tokens and shows its public half as a JWK. For the tests.
#pragma once

#include <string>

#include "workers/auth/method/oauth/keys.h"

namespace bulkhead::auth::testing {

class Signer {
 public:
  explicit Signer(config::JwtAlgorithm algorithm, std::string id = "key-1");

  // {"kty": …}, with more members in front if given: R"("use":"enc",)"
  std::string jwk(const std::string& more = {}) const;
  std::string jwks(const std::string& more = {}) const { return R"({"keys":[)" + jwk(more) + "]}"; }

  // header and claims are JSON; header by default this algorithm and key.
  std::string sign(const std::string& claims) const { return sign(header(), claims); }
  std::string sign(const std::string& header, const std::string& claims) const;
  std::string header() const;
  // The signature alone, as a JWS has it.
  std::string signature_of(const std::string& text) const;

 private:
  config::JwtAlgorithm algorithm_;
  std::string id_;
  PublicKey key_;  // both halves
};

}  // namespace bulkhead::auth::testing
