#include "workers/auth/method/oauth/claims.h"

#include <algorithm>

#include "workers/auth/method/verdict.h"

namespace bulkhead::auth {
namespace {

bool holds(const std::vector<std::string>& list, std::string_view value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

bool have_one_in_common(const std::vector<std::string>& left,
                        const std::vector<std::string>& right) {
  return std::any_of(left.begin(), left.end(),
                     [&](const std::string& each) { return holds(right, each); });
}

Reason check_times(const Json& claims, const ClaimRules& rules, WallTime now) {
  const auto at = [](std::int64_t seconds) {
    return WallTime(std::chrono::duration_cast<WallTime::duration>(std::chrono::seconds(seconds)));
  };
  const auto expires = date_of(claims, "exp");
  if (!expires) return Reason::token_expired;  // a token for ever is none of ours
  if (now >= at(*expires) + rules.leeway) return Reason::token_expired;
  for (const char* name : {"nbf", "iat"}) {
    if (!claims.contains(name)) continue;
    const auto begins = date_of(claims, name);
    if (!begins || now + rules.leeway < at(*begins)) return Reason::token_not_yet_valid;
  }
  return Reason::accepted;
}

std::string lowered(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

// An address that nobody verified is what its owner wrote, not who he is.
bool is_in_allowed_domain(const Json& claims, const ClaimRules& rules) {
  if (rules.allowed_domains.empty()) return true;
  const std::string address = text_of(claims, "email").value_or("");
  const std::size_t at = address.rfind('@');
  if (at == std::string::npos || truth_of(claims, "email_verified") != true) return false;
  const std::string domain = lowered(address.substr(at + 1));
  return std::any_of(rules.allowed_domains.begin(), rules.allowed_domains.end(),
                     [&](const std::string& allowed) { return lowered(allowed) == domain; });
}

}  // namespace

Reason check_token_claims(const Json& claims, const ClaimRules& rules, WallTime now) {
  const auto issuer = text_of(claims, "iss");
  if (!issuer || !holds(rules.issuers, *issuer)) return Reason::token_issuer;
  if (!claims.contains("aud") || !have_one_in_common(texts_of(claims["aud"]), rules.audiences))
    return Reason::token_audience;
  return check_times(claims, rules, now);
}

Verdict admit(std::string_view method, const Json& claims, const ClaimRules& rules) {
  const Json* name = claim_of(claims, rules.username_claim);
  if (name == nullptr || !name->is_string()) return refusal(method, Reason::token_claims);
  std::string user = name->get<std::string>();
  const bool unverified =
      rules.username_claim == "email" && truth_of(claims, "email_verified") == false;
  if (unverified || !acceptable_user(user)) return refusal(method, Reason::token_claims);
  std::vector<std::string> groups;
  if (const Json* listed = claim_of(claims, rules.groups_claim)) groups = texts_of(*listed);
  const bool in_group =
      rules.allowed_groups.empty() || have_one_in_common(groups, rules.allowed_groups);
  if (!in_group || !is_in_allowed_domain(claims, rules))
    return refusal(method, Reason::not_in_allowed_groups);
  Verdict verdict = acceptance(method, std::move(user), std::move(groups));
  if (const auto expires = date_of(claims, "exp"))
    verdict.expires =
        WallTime(std::chrono::duration_cast<WallTime::duration>(std::chrono::seconds(*expires)));
  return verdict;
}

}  // namespace bulkhead::auth
