#include "workers/acceptor/policy/user.h"

#include <algorithm>

#include "workers/acceptor/routing/rule_set.h"

namespace bulkhead::acceptor {
namespace {

// Patterns as in config::DomainPattern, already normalised; host as normalise_host() gives it.
bool covers(std::string_view pattern, std::string_view host) {
  if (pattern == "*" || pattern == host) return true;
  if (!pattern.starts_with("*.")) return false;
  const std::string_view apex = pattern.substr(2);
  return host == apex || (host.ends_with(apex) && host.size() > apex.size() &&
                          host[host.size() - apex.size() - 1] == '.');
}

// Nothing, if none of them is limited.
std::optional<UserTerms> terms_of(const proto::UserLimits& limits) {
  constexpr double bits_per_megabit = 1e6;
  UserTerms terms;
  terms.requests = rate_terms(static_cast<double>(limits.requests_per_1000s) / 1000, limits.burst);
  terms.bytes = byte_terms(static_cast<double>(limits.bytes_per_second) * 8 / bits_per_megabit);
  terms.bytes_together = true;
  terms.max_connections = limits.max_connections;
  const bool limited =
      terms.requests.limited() || terms.bytes.limited() || terms.max_connections != 0;
  return limited ? std::optional(terms) : std::nullopt;
}

}  // namespace

bool User::is_in(std::string_view group) const {
  return std::find(groups_.begin(), groups_.end(), group) != groups_.end();
}

bool User::is_confined() const {
  return !limits_.domains.items.empty() || !limits_.destinations.items.empty();
}

bool User::may_reach(const wire::HostPort& destination) const {
  if (!is_confined()) return true;
  const std::string host = normalise_host(destination.host);
  for (const auto& pattern : limits_.domains.items)
    if (covers(pattern.value, host)) return true;
  const auto literal = destination.literal();
  return literal && std::any_of(destinations_.begin(), destinations_.end(),
                                [&](const wire::Cidr& block) { return block.contains(*literal); });
}

std::optional<proto::Refusal> User::objection_to(const wire::HostPort& destination) const {
  if (limits_.quota_exhausted) return proto::Refusal::quota_exceeded;
  if (!may_reach(destination)) return proto::Refusal::user_denied;
  return std::nullopt;
}

void User::learn(const proto::AuthVerdict& verdict) {
  method_ = verdict.method.value;
  groups_.clear();
  for (const auto& group : verdict.groups.items) groups_.push_back(group.value);
  learn(verdict.limits);
}

void User::learn(const proto::UserLimits& limits) {
  limits_ = limits;
  *terms_ = terms_of(limits);
  destinations_.clear();
  for (const auto& text : limits_.destinations.items)
    if (const auto block = wire::Cidr::parse(text.value)) destinations_.push_back(*block);
}

std::shared_ptr<User> UserTable::learn(const proto::AuthVerdict& verdict) {
  std::shared_ptr<User>& user = users_[verdict.user.value];
  if (!user) user = std::make_shared<User>(verdict.user.value, verdict.method.value);
  user->learn(verdict);
  return user;
}

std::shared_ptr<User> UserTable::find(std::string_view name) const {
  const auto found = users_.find(name);
  return found == users_.end() ? nullptr : found->second;
}

std::shared_ptr<User> UserTable::adopt(std::string_view name) {
  std::shared_ptr<User>& user = users_[std::string(name)];
  if (!user) user = std::make_shared<User>(std::string(name), std::string());
  return user;
}

void UserTable::forget_absent() {
  std::erase_if(users_, [](const auto& each) {
    return each.second.use_count() == 1 && each.second->unreported.empty();
  });
}

}  // namespace bulkhead::acceptor
