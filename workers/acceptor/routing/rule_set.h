// The rules of one generation, compiled: which rule covers a request. First match wins; no match is
// a refusal.
//
// Rules that name domains are found through an index and only looked at when one of their patterns
// covers the host; the others (and those with "*") are looked at in turn.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/model.h"
#include "wire/address.h"
#include "workers/acceptor/routing/domain_index.h"

namespace bulkhead::acceptor {

// What a rule can look at.
struct RouteQuery {
  wire::HostPort destination;
  wire::IpAddress client;
  config::MatchProtocol protocol = config::MatchProtocol::http;
  std::string_view user;
  std::span<const std::string> groups;  // the user's
};

// The form in which hosts are compared: lower case, A-labels, no trailing dot; an address in its
// one spelling.
std::string normalise_host(std::string_view host);

class RuleSet {
 public:
  // Keeps the configuration alive.
  explicit RuleSet(std::shared_ptr<const config::Config> config);

  // The first rule that covers the query, or null. Lives as long as this.
  const config::Rule* match(const RouteQuery& query) const;

 private:
  bool covers(const config::Match& match, const RouteQuery& query,
              const std::optional<wire::IpAddress>& literal) const;

  std::shared_ptr<const config::Config> config_;
  DomainIndex index_;
  std::vector<DomainIndex::Entry> general_;  // in order; rules without domains, or with "*"
};

}  // namespace bulkhead::acceptor
