#include "workers/auth/method/oauth/jwt.h"

#include <algorithm>
#include <array>
#include <utility>

#include "workers/auth/method/method.h"
#include "workers/auth/method/oauth/base64url.h"

namespace bulkhead::auth {
namespace {

using config::JwtAlgorithm;

constexpr std::array<std::pair<std::string_view, JwtAlgorithm>, 10> algorithms{
    {{"RS256", JwtAlgorithm::rs256},
     {"RS384", JwtAlgorithm::rs384},
     {"RS512", JwtAlgorithm::rs512},
     {"PS256", JwtAlgorithm::ps256},
     {"PS384", JwtAlgorithm::ps384},
     {"PS512", JwtAlgorithm::ps512},
     {"ES256", JwtAlgorithm::es256},
     {"ES384", JwtAlgorithm::es384},
     {"ES512", JwtAlgorithm::es512},
     {"EdDSA", JwtAlgorithm::eddsa}}};

// Case counts (RFC 7515 section 4.1.1): "none" in any spelling is simply not among them.
std::optional<JwtAlgorithm> algorithm_of(std::string_view name) {
  for (const auto& [known, algorithm] : algorithms)
    if (known == name) return algorithm;
  return std::nullopt;
}

// RFC 7515 section 4.1.9: case does not count, "application/" may be left out.
std::string type_of(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  constexpr std::string_view prefix = "application/";
  return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

struct Parts {
  std::string_view header;
  std::string_view claims;
  std::string_view signature;
};

std::optional<Parts> split(std::string_view token) {
  if (token.size() > max_token_bytes) return std::nullopt;
  const std::size_t first = token.find('.');
  const std::size_t second = token.find('.', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos ||
      token.find('.', second + 1) != std::string_view::npos)
    return std::nullopt;
  return Parts{token.substr(0, first), token.substr(first + 1, second - first - 1),
               token.substr(second + 1)};
}

std::optional<Json> decode_object(std::string_view part) {
  const auto text = decode_base64url(part);
  return text ? parse_object(*text) : std::nullopt;
}

// The text of a member that may be missing, but not something else.
bool read_text(const Json& object, std::string_view name, std::string& into) {
  if (!object.contains(name)) return true;
  auto text = text_of(object, name);
  if (text) into = std::move(*text);
  return text.has_value();
}

bool read_header(const Json& header, Jwt& jwt) {
  const auto algorithm = text_of(header, "alg");
  if (!algorithm || !read_text(header, "kid", jwt.key_id) || !read_text(header, "typ", jwt.type))
    return false;
  for (const char* name : {"crit", "b64", "zip", "enc"})
    if (header.contains(name)) return false;
  jwt.algorithm = algorithm_of(*algorithm);
  jwt.type = type_of(std::move(jwt.type));
  return true;
}

}  // namespace

bool looks_like_jwt(std::string_view token) {
  const auto parts = split(token);
  if (!parts) return false;
  const auto header = decode_object(parts->header);
  return header && header->contains("alg");
}

std::optional<Jwt> parse_jwt(std::string_view token) {
  const auto parts = split(token);
  if (!parts) return std::nullopt;
  const auto header = decode_object(parts->header);
  auto claims = decode_object(parts->claims);
  auto signature = decode_base64url(parts->signature);
  Jwt jwt;
  if (!header || !claims || !signature || !read_header(*header, jwt)) return std::nullopt;
  jwt.claims = std::move(*claims);
  jwt.signed_part = token.substr(0, parts->header.size() + 1 + parts->claims.size());
  jwt.signature = std::move(*signature);
  return jwt;
}

}  // namespace bulkhead::auth
