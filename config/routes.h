// `backends:` and `rules:`: the ways out, and which of them a request takes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/health.h"
#include "config/values.h"

namespace bulkhead::config {

enum class BackendType : std::uint8_t { direct, http, socks5, echo, wireguard, openvpn };
enum class Algorithm : std::uint8_t {
  round_robin,  // in turn, by weight
  least_conn,   // the fewest connections in use, by weight
  random,       // of two drawn by weight, that with fewer connections in use
  ip_hash,      // by the client's address; the others' clients stay where a backend leaves
  weighted,     // drawn by weight
  latency,      // the shortest connect time measured
  failover      // the first that works, in the order written
};
enum class MatchProtocol : std::uint8_t { http, connect, socks4, socks5, udp };
enum class RuleAction : std::uint8_t { backend, block, redirect };

inline constexpr unsigned max_via_depth = 8;      // backends one connection may pass through
inline constexpr std::uint32_t no_slot = 0xFFFF;  // not in the shared pages

// TLS to a parent proxy.
struct ParentTls {
  bool enabled = false;
  std::string server_name;  // empty: the host of the parent's address
  std::string ca_file;      // path; empty: the system's. Workers get its contents instead
  std::string ca;           // PEM contents of ca_file, read at load
  bool skip_verify = false;
  friend bool operator==(const ParentTls&, const ParentTls&) = default;
};

struct ParentProxy {
  wire::HostPort address;
  std::string username;  // empty: no credentials are sent
  Secret password;
  ParentTls tls;
  friend bool operator==(const ParentProxy&, const ParentProxy&) = default;
};

struct Wireguard {
  std::string config_file;
  friend bool operator==(const Wireguard&, const Wireguard&) = default;
};

struct Openvpn {
  std::string config_file;
  std::string auth_file;
  std::string username;
  Secret password;
  friend bool operator==(const Openvpn&, const Openvpn&) = default;
};

struct Backend {
  std::string name;
  BackendType type = BackendType::direct;
  std::optional<ParentProxy> proxy;    // exactly when type is http or socks5
  std::optional<Wireguard> wireguard;  // exactly when type is wireguard
  std::optional<Openvpn> openvpn;      // exactly when type is openvpn
  std::string via;  // name of the backend this one is reached through; empty: none
  std::optional<HealthCheck> health_check;
  std::optional<std::uint32_t> max_connections;  // 0: unlimited; empty: network.limits says
  std::uint32_t max_queue = 100;                 // requests that wait for one of them
  Duration queue_timeout{5'000};                 // how long
  std::uint32_t slot = no_slot;  // its place in the shared pages; given by the supervisor
  std::string unavailable;       // why it cannot be used (a file that is not there); empty: it can
  Origin origin;
  friend bool operator==(const Backend&, const Backend&) = default;
};

struct WeightedBackend {
  std::string name;
  std::uint32_t weight = 1;
  friend bool operator==(const WeightedBackend&, const WeightedBackend&) = default;
};

struct LoadBalancing {
  Algorithm algorithm = Algorithm::round_robin;
  bool sticky_sessions = false;
  Duration sticky_timeout{600'000};  // a client that has not come for so long is chosen for anew
  std::uint32_t attempts = 3;        // backends tried for one connection, the first included
  friend bool operator==(const LoadBalancing&, const LoadBalancing&) = default;
};

struct Redirect {
  std::string url;
  std::uint16_t status = 302;  // 301, 302, 303, 307 or 308
  friend bool operator==(const Redirect&, const Redirect&) = default;
};

// All kinds that are given must hold; within a kind one of its entries must.
struct Match {
  std::vector<DomainPattern> domains;
  std::string domains_file;  // path: one pattern a line, '#' comments
  std::vector<DomainPattern>
      listed_domains;  // the patterns of domains_file: same kind as domains, match both
  std::vector<PortRange> ports;
  std::vector<wire::Cidr> destinations;  // the destination, where it is written as an address
  std::vector<wire::Cidr> clients;
  std::vector<MatchProtocol> protocols;
  std::vector<std::string> users;
  std::vector<std::string> groups;

  bool empty() const {
    return domains.empty() && domains_file.empty() && listed_domains.empty() && ports.empty() &&
           destinations.empty() && clients.empty() && protocols.empty() && users.empty() &&
           groups.empty();
  }
  // Whether every request matches: a "*" and nothing that narrows it.
  bool is_catch_all() const;
  friend bool operator==(const Match&, const Match&) = default;
};

struct Rule {
  std::string name;
  Match match;
  RuleAction action = RuleAction::backend;
  std::string backend;                    // action backend: this one,
  std::vector<WeightedBackend> backends;  // or these
  LoadBalancing load_balancing;
  std::optional<Redirect> redirect;  // exactly when action is redirect
  Origin origin;
  friend bool operator==(const Rule&, const Rule&) = default;
};

}  // namespace bulkhead::config
