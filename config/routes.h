// `backends:`, `health_checks:` and `rules:`: the ways out, and which of them a request takes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/values.h"

namespace bulkhead::config {

enum class BackendType : std::uint8_t { direct, http, socks5, echo, wireguard, openvpn };
enum class HealthCheckType : std::uint8_t { tcp, http, ping };
enum class Algorithm : std::uint8_t { round_robin, least_conn, random, ip_hash, weighted, latency };
enum class MatchProtocol : std::uint8_t { http, connect, socks4, socks5, udp };
enum class RuleAction : std::uint8_t { backend, block, redirect };

inline constexpr unsigned max_via_depth = 8;  // backends one connection may pass through

struct HealthDefaults {
  Duration interval{30'000};
  Duration timeout{5'000};
  std::uint32_t healthy_threshold = 2;
  std::uint32_t unhealthy_threshold = 3;
  friend bool operator==(const HealthDefaults&, const HealthDefaults&) = default;
};

struct HealthChecks {
  HealthDefaults defaults;
  friend bool operator==(const HealthChecks&, const HealthChecks&) = default;
};

struct HealthHttp {
  std::string url;
  std::uint16_t expected_status = 200;
  friend bool operator==(const HealthHttp&, const HealthHttp&) = default;
};

// What is not written comes from health_checks.defaults: see settings().
struct HealthCheck {
  bool enabled = true;  // a written health_check is on unless it says otherwise
  HealthCheckType type = HealthCheckType::tcp;
  std::optional<Duration> interval;
  std::optional<Duration> timeout;
  std::optional<std::uint32_t> healthy_threshold;
  std::optional<std::uint32_t> unhealthy_threshold;
  HealthHttp http;

  HealthDefaults settings(const HealthDefaults& defaults) const {
    return {interval.value_or(defaults.interval), timeout.value_or(defaults.timeout),
            healthy_threshold.value_or(defaults.healthy_threshold),
            unhealthy_threshold.value_or(defaults.unhealthy_threshold)};
  }
  friend bool operator==(const HealthCheck&, const HealthCheck&) = default;
};

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
  std::string unavailable;  // why it cannot be used (a file that is not there); empty: it can
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
