// A DNS server on a free loopback port for tests: UDP, and TCP for answers it was told to truncate.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "egress/testing.h"

namespace bulkhead::egress::testing {

struct DnsRecords {
  std::vector<std::string> addresses;  // both families
  std::uint32_t ttl = 60;
  int rcode = 0;  // 3: NXDOMAIN, 2: SERVFAIL
  runtime::Duration delay{0};
  bool silent = false;       // never answers
  bool silent_ipv6 = false;  // never answers AAAA
  bool truncate = false;     // over UDP; the addresses come over TCP
};

class DnsServer {
 public:
  explicit DnsServer(runtime::Loop& loop);

  wire::Endpoint endpoint() const { return endpoint_; }
  // Names that are not here do not exist.
  std::map<std::string, DnsRecords> names;
  // How often a name was asked for, over UDP: "example.com A".
  std::map<std::string, int> asked;
  int asked_over_tcp = 0;

 private:
  runtime::Task<void> serve_udp();
  runtime::Task<void> serve_tcp();
  runtime::Task<void> answer_one(std::string query, wire::Endpoint client);
  runtime::Task<void> answer_tcp(platform::UniqueFd connection);

  wire::Endpoint endpoint_;
  std::optional<runtime::Socket> udp_, tcp_;
  Background background_;
};

}  // namespace bulkhead::egress::testing
