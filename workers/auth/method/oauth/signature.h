// Checking the signature of a JWS (RFC 7518 sections 3.3 to 3.5, RFC 8037).
#pragma once

#include <string_view>

#include "workers/auth/method/oauth/keys.h"

namespace bulkhead::auth {

// False also for a key that does not suit the algorithm.
bool is_signed_by(const Key& key, config::JwtAlgorithm algorithm, std::string_view text,
                  std::string_view signature);

}  // namespace bulkhead::auth
