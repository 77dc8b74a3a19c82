// The value of Proxy-Authorization (RFC 9110 section 11.7.2) as Basic (RFC 7617) and Bearer
// (RFC 6750 section 2.1) write it, and the challenges that ask for it.
//
// Strict, because what is understood differently by two readers is how checks are passed by: one
// scheme, spaces, one token68, nothing else; base64 in its one canonical form.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace bulkhead::wire::authorization {

// Longest value that is looked at, in octets; and what is needed to decode any such value.
inline constexpr std::size_t max_value = 12'288;
inline constexpr std::size_t max_decoded = max_value / 4 * 3;

enum class Scheme : std::uint8_t { basic, bearer };

enum class Error : std::uint8_t {
  empty,
  too_long,
  unknown_scheme,   // none of the above: Digest, Negotiate, …
  malformed_token,  // not a token68, or something after it
  malformed_base64,
  no_colon,  // Basic without a separator between name and password
  empty_user,
};
std::string_view to_string(Error error);  // stable words for logs and metrics

// The octets are the client's, of any value: whoever takes them checks that they are text. Bearer
// has no user. The password may be empty and may hold colons.
struct Presented {
  Scheme scheme = Scheme::basic;
  std::string_view user;
  std::string_view secret;
};

// Views into value (Bearer) or decoded (Basic), which must have room for max_decoded octets and is
// the caller's to wipe, also after an error.
std::variant<Presented, Error> parse(std::string_view value, std::span<char> decoded);

// Values of Proxy-Authenticate. The realm must be printable ASCII without quotes and backslashes.
std::string basic_challenge(std::string_view realm);
// RFC 6750 section 3: the error is only for a token that was presented and refused.
std::string bearer_challenge(std::string_view realm, bool token_was_refused);

}  // namespace bulkhead::wire::authorization
