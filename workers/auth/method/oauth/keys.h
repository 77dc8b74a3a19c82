// The public keys of an issuer, from a JWK Set (RFC 7517).
#pragma once

#include <memory>
#include <openssl/evp.h>
#include <string>
#include <string_view>
#include <vector>

#include "config/auth_methods.h"

namespace bulkhead::auth {

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using PublicKey = std::unique_ptr<EVP_PKEY, FreeKey>;

enum class KeyKind : std::uint8_t { rsa, p256, p384, p521, ed25519, ed448 };

struct Key {
  std::string id;  // kid; may be empty
  KeyKind kind = KeyKind::rsa;
  std::string algorithm;  // alg, if the key is for one alone; else empty
  PublicKey key;

  // Whether the key may check signatures of this algorithm: its kind (and curve) is the
  // algorithm's, and so is its alg, if it has one. Here algorithm confusion ends.
  bool suits(config::JwtAlgorithm wanted) const;
};

// The keys of the set that are for checking signatures and of a kind we know. Others are left out,
// symmetric ones first of all, RSA of less than 2048 or more than 8192 bits, and points that are
// not on their curve. At most 64. Empty for what is no JWK Set.
std::vector<Key> parse_keys(std::string_view text);

std::string_view to_string(config::JwtAlgorithm algorithm);

}  // namespace bulkhead::auth
