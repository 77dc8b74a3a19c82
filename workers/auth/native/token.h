// Bearer tokens of the store: 256 random bits behind a prefix by which they are told from
// passwords and from other people's tokens, and found by scanners for leaked secrets.
#pragma once

#include <string>
#include <string_view>

#include "platform/secret.h"

namespace bulkhead::auth {

inline constexpr std::string_view token_prefix = "bh_";

platform::Secret new_token();
// 20 characters that cannot be confused with one another: 100 random bits or so.
platform::Secret new_password();

bool looks_like_token(std::string_view text);

// What is kept of it: BLAKE2b-256, in hexadecimal. So many random bits need no slow hash.
std::string token_hash(std::string_view token);

}  // namespace bulkhead::auth
