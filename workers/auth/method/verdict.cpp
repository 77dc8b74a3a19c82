#include "workers/auth/method/verdict.h"

#include <algorithm>
#include <array>

#include "wire/utf8.h"

namespace bulkhead::auth {
namespace {

struct ReasonTerms {
  Reason reason;
  Outcome outcome;
  std::string_view name;
};

constexpr std::array reasons{
    ReasonTerms{Reason::accepted, Outcome::accepted, "accepted"},
    ReasonTerms{Reason::unknown_user, Outcome::unknown, "unknown_user"},
    ReasonTerms{Reason::other_kind_of_credential, Outcome::unknown, "other_kind_of_credential"},
    ReasonTerms{Reason::no_method, Outcome::unknown, "no_method"},
    ReasonTerms{Reason::malformed_credential, Outcome::refused, "malformed_credential"},
    ReasonTerms{Reason::wrong_password, Outcome::refused, "wrong_password"},
    ReasonTerms{Reason::account_disabled, Outcome::refused, "account_disabled"},
    ReasonTerms{Reason::account_expired, Outcome::refused, "account_expired"},
    ReasonTerms{Reason::password_expired, Outcome::refused, "password_expired"},
    ReasonTerms{Reason::not_in_allowed_groups, Outcome::refused, "not_in_allowed_groups"},
    ReasonTerms{Reason::ambiguous_user, Outcome::refused, "ambiguous_user"},
    ReasonTerms{Reason::token_malformed, Outcome::refused, "token_malformed"},
    ReasonTerms{Reason::token_algorithm, Outcome::refused, "token_algorithm"},
    ReasonTerms{Reason::token_key, Outcome::refused, "token_key"},
    ReasonTerms{Reason::token_signature, Outcome::refused, "token_signature"},
    ReasonTerms{Reason::token_issuer, Outcome::refused, "token_issuer"},
    ReasonTerms{Reason::token_audience, Outcome::refused, "token_audience"},
    ReasonTerms{Reason::token_expired, Outcome::refused, "token_expired"},
    ReasonTerms{Reason::token_not_yet_valid, Outcome::refused, "token_not_yet_valid"},
    ReasonTerms{Reason::token_inactive, Outcome::refused, "token_inactive"},
    ReasonTerms{Reason::token_claims, Outcome::refused, "token_claims"},
    ReasonTerms{Reason::token_scope, Outcome::refused, "token_scope"},
    ReasonTerms{Reason::timed_out, Outcome::unavailable, "timed_out"},
    ReasonTerms{Reason::server_unreachable, Outcome::unavailable, "server_unreachable"},
    ReasonTerms{Reason::server_failed, Outcome::unavailable, "server_failed"},
    ReasonTerms{Reason::misconfigured, Outcome::unavailable, "misconfigured"},
    ReasonTerms{Reason::module_crashed, Outcome::unavailable, "module_crashed"},
    ReasonTerms{Reason::overloaded, Outcome::unavailable, "overloaded"},
};

constexpr bool is_in_order() {
  for (std::size_t each = 0; each < reasons.size(); ++each)
    if (static_cast<std::size_t>(reasons[each].reason) != each) return false;
  return reasons.size() == static_cast<std::size_t>(Reason::end_);
}
static_assert(is_in_order(), "one line a reason, in the order of the enumeration");

// RFC 6750 section 2.1: 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
bool is_b64token(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-._~+/").find(c) != std::string_view::npos;
  });
}

}  // namespace

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::accepted:
      return "accepted";
    case Outcome::refused:
      return "refused";
    case Outcome::unknown:
      return "unknown";
    case Outcome::unavailable:
      break;
  }
  return "unavailable";
}

std::string_view to_string(Reason reason) {
  return reasons.at(static_cast<std::size_t>(reason)).name;
}

Outcome outcome_of(Reason reason) {
  return reasons.at(static_cast<std::size_t>(reason)).outcome;
}

Verdict Method::look_up(std::string_view, Deadline) {
  return refusal(name(), Reason::other_kind_of_credential);
}

Verdict refusal(std::string_view method, Reason reason) {
  // Never a yes by way of a wrong reason.
  if (outcome_of(reason) == Outcome::accepted) reason = Reason::server_failed;
  Verdict verdict;
  verdict.outcome = outcome_of(reason);
  verdict.reason = reason;
  verdict.method = method;
  return verdict;
}

Verdict acceptance(std::string_view method, std::string user, std::vector<std::string> groups) {
  if (!acceptable_user(user)) return refusal(method, Reason::server_failed);
  std::erase_if(groups, [](const std::string& group) {
    return group.empty() || group.size() > max_group_bytes || !wire::is_plain_text(group);
  });
  std::sort(groups.begin(), groups.end());
  groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
  if (groups.size() > max_groups) groups.resize(max_groups);
  Verdict verdict;
  verdict.outcome = Outcome::accepted;
  verdict.reason = Reason::accepted;
  verdict.method = method;
  verdict.user = std::move(user);
  verdict.groups = std::move(groups);
  return verdict;
}

bool acceptable_user(std::string_view user) {
  return !user.empty() && user.size() <= max_user_bytes && wire::is_plain_text(user);
}

bool acceptable(const Credential& credential) {
  const std::string_view secret = credential.secret.reveal();
  if (credential.kind == Credential::Kind::bearer)
    return credential.user.empty() && secret.size() <= max_token_bytes && is_b64token(secret);
  const std::size_t most = std::max(max_password_bytes, max_token_bytes);  // a token may be one
  return acceptable_user(credential.user) && !secret.empty() && secret.size() <= most &&
         wire::is_plain_text(secret);
}

}  // namespace bulkhead::auth
