#include "workers/auth/method/oauth/token_verifier.h"

#include <algorithm>

#include "workers/auth/method/oauth/signature.h"

namespace bulkhead::auth {
namespace {

// Keys to try for a token that names none.
constexpr std::size_t most_tries = 8;

// What else a provider signs (logout tokens, for example) lets nobody in.
bool is_token_type(std::string_view type) {
  return type.empty() || type == "jwt" || type == "at+jwt";
}

enum class Found : std::uint8_t { signed_by_one, signed_by_none, no_such_key };

Found try_keys(const std::vector<Key>& keys, const Jwt& jwt) {
  std::size_t tries = 0;
  for (const Key& key : keys) {
    const bool candidate = jwt.key_id.empty() || key.id == jwt.key_id;
    if (!candidate || !key.suits(*jwt.algorithm) || tries == most_tries) continue;
    ++tries;
    if (is_signed_by(key, *jwt.algorithm, jwt.signed_part, jwt.signature))
      return Found::signed_by_one;
  }
  return tries == 0 ? Found::no_such_key : Found::signed_by_none;
}

bool has_id(const std::vector<Key>& keys, std::string_view id) {
  return std::any_of(keys.begin(), keys.end(), [&](const Key& key) { return key.id == id; });
}

}  // namespace

ClaimRules rules_of(const config::OauthAuth& settings) {
  ClaimRules rules;
  rules.issuers = {settings.jwt.issuer};
  // Google's older tokens leave out the scheme.
  if (settings.provider == config::OauthProvider::google)
    rules.issuers.emplace_back("accounts.google.com");
  rules.audiences = settings.jwt.audience;
  rules.leeway = std::chrono::duration_cast<std::chrono::seconds>(settings.jwt.leeway);
  rules.username_claim = settings.username_claim;
  rules.groups_claim = settings.groups_claim;
  rules.allowed_groups = settings.allowed_groups;
  rules.allowed_domains = settings.allowed_domains;
  return rules;
}

bool TokenVerifier::is_allowed(config::JwtAlgorithm algorithm) const {
  const auto& allowed = settings_.jwt.algorithms;
  return std::find(allowed.begin(), allowed.end(), algorithm) != allowed.end();
}

Reason TokenVerifier::check_signature(const Jwt& jwt, Deadline deadline) {
  auto keys = provider_.keys(deadline);
  if (!keys) return keys.error().reason;
  Found found = try_keys(**keys, jwt);
  // An id that we know with a key of another kind is confusion, not rotation.
  if (found == Found::no_such_key && !has_id(**keys, jwt.key_id)) {
    keys = provider_.newer_keys(*keys, deadline);
    if (!keys) return keys.error().reason;
    found = try_keys(**keys, jwt);
  }
  if (found == Found::signed_by_one) return Reason::accepted;
  if (found == Found::signed_by_none) return Reason::token_signature;
  return has_id(**keys, jwt.key_id) ? Reason::token_algorithm : Reason::token_key;
}

tl::expected<Json, Reason> TokenVerifier::verify(std::string_view token, ClaimRules rules,
                                                 Deadline deadline) {
  auto jwt = parse_jwt(token);
  if (!jwt || !is_token_type(jwt->type)) return tl::unexpected(Reason::token_malformed);
  if (!jwt->algorithm || !is_allowed(*jwt->algorithm))
    return tl::unexpected(Reason::token_algorithm);
  if (settings_.provider == config::OauthProvider::azure) {
    const auto endpoints = provider_.endpoints(deadline);
    if (!endpoints) return tl::unexpected(endpoints.error().reason);
    rules.issuers.push_back(endpoints->issuer);
  }
  // What is not for us anyway costs no signature and no request to the provider.
  const Reason claims = check_token_claims(jwt->claims, rules, std::chrono::system_clock::now());
  if (claims != Reason::accepted) return tl::unexpected(claims);
  const Reason signature = check_signature(*jwt, deadline);
  if (signature != Reason::accepted) return tl::unexpected(signature);
  return std::move(jwt->claims);
}

}  // namespace bulkhead::auth
