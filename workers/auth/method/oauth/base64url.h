// base64url without padding, RFC 4648 section 5 as RFC 7515 uses it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace bulkhead::auth {

// Nothing unless the text is the one canonical form: no padding, no other characters, no bits that
// do not count.
std::optional<std::string> decode_base64url(std::string_view text);
std::string encode_base64url(std::string_view bytes);

// Ordinary base64 with padding, for HTTP Basic.
std::string encode_base64(std::string_view bytes);

}  // namespace bulkhead::auth
