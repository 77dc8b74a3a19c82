#include "workers/acceptor/routing/rule_set.h"

#include <algorithm>

#include "wire/host_name.h"

namespace bulkhead::acceptor {
namespace {

template <typename List, typename Predicate>
bool none_given_or_any(const List& list, Predicate predicate) {
  return list.empty() || std::any_of(list.begin(), list.end(), predicate);
}

bool names_everything(const config::Match& match) {
  const auto is_star = [](const config::DomainPattern& pattern) { return pattern.text == "*"; };
  if (match.domains.empty() && match.listed_domains.empty()) return true;
  return std::any_of(match.domains.begin(), match.domains.end(), is_star) ||
         std::any_of(match.listed_domains.begin(), match.listed_domains.end(), is_star);
}

}  // namespace

std::string normalise_host(std::string_view host) {
  if (const auto address = wire::IpAddress::parse(host)) return address->to_string();
  return wire::to_ascii_name(host).value_or(std::string(host));
}

RuleSet::RuleSet(std::shared_ptr<const config::Config> config) : config_(std::move(config)) {
  for (std::size_t i = 0; i < config_->rules.size(); ++i) {
    const auto entry = static_cast<DomainIndex::Entry>(i);
    const config::Match& match = config_->rules[i].match;
    if (names_everything(match)) {
      general_.push_back(entry);
      continue;
    }
    for (const auto& pattern : match.domains) index_.add(pattern.text, entry);
    for (const auto& pattern : match.listed_domains) index_.add(pattern.text, entry);
  }
}

const config::Rule* RuleSet::match(const RouteQuery& query) const {
  const auto literal = query.destination.literal();
  std::vector<DomainIndex::Entry> candidates;
  // Where no rule names hosts, nobody's name has to be brought into its normal form.
  if (!index_.empty()) {
    index_.find(literal ? literal->to_string() : normalise_host(query.destination.host),
                candidates);
    std::sort(candidates.begin(), candidates.end());
  }
  // Both lists are in order: take the smaller head each time.
  auto named = candidates.begin();
  auto general = general_.begin();
  while (named != candidates.end() || general != general_.end()) {
    const bool take_named =
        general == general_.end() || (named != candidates.end() && *named < *general);
    const config::Rule& rule = config_->rules[take_named ? *named++ : *general++];
    if (covers(rule.match, query, literal)) return &rule;
  }
  return nullptr;
}

bool RuleSet::covers(const config::Match& match, const RouteQuery& query,
                     const std::optional<wire::IpAddress>& literal) const {
  const auto holds_client = [&](const wire::Cidr& block) { return block.contains(query.client); };
  const auto holds_destination = [&](const wire::Cidr& block) {
    return literal && block.contains(*literal);
  };
  const auto holds_port = [&](const config::PortRange& range) {
    return range.contains(query.destination.port);
  };
  const auto is_protocol = [&](config::MatchProtocol protocol) {
    return protocol == query.protocol;
  };
  const auto is_user = [&](const std::string& user) { return user == query.user; };
  const auto is_group = [&](const std::string& group) {
    return std::find(query.groups.begin(), query.groups.end(), group) != query.groups.end();
  };
  return none_given_or_any(match.ports, holds_port) &&
         none_given_or_any(match.clients, holds_client) &&
         none_given_or_any(match.destinations, holds_destination) &&
         none_given_or_any(match.protocols, is_protocol) &&
         none_given_or_any(match.users, is_user) && none_given_or_any(match.groups, is_group);
}

}  // namespace bulkhead::acceptor
