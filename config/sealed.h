// Secrets in the configuration that only a key file opens: enc:<base64 of nonce and box>, sealed
// with XSalsa20-Poly1305 (libsodium's secretbox). The configuration may then be shown and kept
// where the key is not.
//
// The key is in the file that BULKHEAD_KEY_FILE names, else in secret.key beside the configuration.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "platform/secret.h"

namespace bulkhead::config {

inline constexpr std::string_view sealed_prefix = "enc:";

// As key files have it: base64 of 32 random bytes.
platform::Secret new_sealing_key();

// The error is for a person, and holds nothing secret. A file that others may read is refused.
tl::expected<platform::Secret, std::string> read_sealing_key(const std::string& path);

std::string seal(std::string_view secret, const platform::Secret& key);
tl::expected<platform::Secret, std::string> unseal(std::string_view sealed,
                                                   const platform::Secret& key);

}  // namespace bulkhead::config
