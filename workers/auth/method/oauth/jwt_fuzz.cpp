// Throws octets at everything that reads a bearer token before its signature is known to be right:
// the parts, the header, the claims. Then the same with the octets as header and claims of a
// well-formed token, so that what is inside is reached.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "workers/auth/method/oauth/base64url.h"
#include "workers/auth/method/oauth/claims.h"
#include "workers/auth/method/oauth/jwt.h"
#include "workers/auth/method/verdict.h"

namespace {

using namespace bulkhead::auth;

void require(bool holds) {
  if (!holds) std::abort();
}

const ClaimRules& rules() {
  static const ClaimRules made{{"https://issuer"}, {"proxy"},    std::chrono::seconds(30),
                               "realm.user",       "a.b.groups", {"staff"},
                               {"example.com"}};
  return made;
}

void judge(const Json& claims) {
  const Reason reason =
      check_token_claims(claims, rules(), std::chrono::system_clock::time_point());
  require(!to_string(reason).empty());
  const Verdict verdict = admit("oauth", claims, rules());
  if (verdict.outcome != Outcome::accepted) return;
  require(acceptable_user(verdict.user) && verdict.groups.size() <= max_groups);
}

void read(const std::string& token) {
  const bool looks = looks_like_jwt(token);
  const auto jwt = parse_jwt(token);
  if (!jwt) return;
  require(looks && token.size() <= max_token_bytes);
  require(token.starts_with(jwt->signed_part) && jwt->claims.is_object());
  require(token.size() == jwt->signed_part.size() + 1 + encode_base64url(jwt->signature).size());
  judge(jwt->claims);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  read(text);
  if (const auto decoded = decode_base64url(text)) require(encode_base64url(*decoded) == text);
  const std::string inner = encode_base64url(text);
  require(decode_base64url(inner) == text);
  read(inner + ".e30.");
  read("eyJhbGciOiJSUzI1NiJ9." + inner + ".c2ln");
  return 0;
}
