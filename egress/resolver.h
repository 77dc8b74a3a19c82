// From a host to addresses: literals, localhost (RFC 6761 section 6.3), the hosts file, a cache,
// the DNS; in this order.
//
// Equal questions under way are asked once: whoever waits may be cancelled without harm to the
// others, and an answer that nobody waits for any more still goes to the cache. A and AAAA are
// asked side by side; when one has addresses the other gets 50 ms more (RFC 8305 section 3), so
// that a server that drops AAAA costs no more than that. Must outlive every resolve().
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "config/network.h"
#include "egress/dns_client.h"
#include "egress/failure.h"
#include "egress/hosts_file.h"
#include "egress/resolver_cache.h"
#include "runtime/event.h"
#include "runtime/task.h"

namespace bulkhead::egress {

struct Resolved {
  // Never empty; the preferred family first, otherwise in the order they came. At most 16 a family.
  std::vector<wire::IpAddress> addresses;
};

class Resolver {
 public:
  static constexpr runtime::Duration resolution_delay{50};
  static constexpr std::size_t max_questions = 4096;  // names being asked for

  Resolver(const config::Dns& dns, config::Ipv6 ipv6);

  // Refusals: name_not_found (NXDOMAIN, no address, no valid name), dns_timeout (also when the
  // deadline passes), dns_failed, network_unreachable (an IPv6 literal while IPv6 is off),
  // overloaded; shutting_down when cancelled.
  //
  // A negative answer is kept for dns.negative_ttl, a positive one for its TTL within
  // dns.min_ttl..max_ttl; time-outs and failures are not kept.
  runtime::Task<tl::expected<Resolved, Failure>> resolve(std::string host,
                                                         runtime::Deadline deadline);

 private:
  using Outcome = tl::expected<Resolved, Failure>;
  struct Question;

  std::optional<Outcome> answer_without_dns(const std::string& host, const std::string& name);
  std::shared_ptr<Question> ask(const std::string& name);
  void take(const std::shared_ptr<Question>& question, AddressFamily family, DnsAnswer answer);
  void keep(const Question& question);
  Outcome arrange(const std::vector<wire::IpAddress>& addresses) const;

  config::Dns dns_;
  config::Ipv6 ipv6_;
  HostsFile hosts_;
  ResolverCache cache_;
  std::unordered_map<std::string, std::shared_ptr<Question>> questions_;
  DnsClient client_;  // last: it goes first, and calls nobody back then
};

}  // namespace bulkhead::egress
