// `network:` and `access_control:`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/limits.h"
#include "config/values.h"

namespace bulkhead::config {

struct Ipv6 {
  bool enabled = true;
  bool prefer_ipv6 = false;
  friend bool operator==(const Ipv6&, const Ipv6&) = default;
};

struct Timeouts {
  Duration connect{10'000};    // name resolution and connection to a backend together
  Duration read{30'000};       // silence of an upstream that owes a response
  Duration write{30'000};      // a peer that takes nothing of what is to be sent
  Duration idle{60'000};       // a connection on which nothing moves
  Duration header{10'000};     // from a request's first byte to the end of its header
  Duration handshake{10'000};  // PROXY header, SOCKS negotiation, TLS
  friend bool operator==(const Timeouts&, const Timeouts&) = default;
};

struct Keepalive {
  bool enabled = true;
  Duration interval{30'000};           // TCP keep-alive probes
  std::uint32_t max_idle_conns = 100;  // pooled upstream connections a backend
  Duration max_idle_time{90'000};
  friend bool operator==(const Keepalive&, const Keepalive&) = default;
};

struct Dns {
  std::vector<wire::Endpoint>
      servers;  // empty: the system's (/etc/resolv.conf); port 53 when not written
  std::string hosts_file = "/etc/hosts";  // empty: none
  Duration min_ttl{0};
  Duration max_ttl{3'600'000};
  Duration negative_ttl{10'000};
  Duration timeout{5'000};
  std::uint32_t cache_size = 10'000;  // names; 0: no cache
  friend bool operator==(const Dns&, const Dns&) = default;
};

struct Http {
  ByteSize max_request_line{8'192};
  ByteSize max_header_bytes{65'536};
  std::uint32_t max_header_count = 100;
  friend bool operator==(const Http&, const Http&) = default;
};

// How bytes of tunnels move between two sockets. All but adaptive are for finding faults.
enum class RelayMode : std::uint8_t {
  adaptive,  // small messages are copied, bulk is spliced
  copy,      // always through memory of the process
  splice     // always in the kernel
};

struct Network {
  Ipv6 ipv6;
  Timeouts timeouts;
  Keepalive keepalive;
  Limits limits;
  Dns dns;
  Http http;
  RelayMode relay = RelayMode::adaptive;
  friend bool operator==(const Network&, const Network&) = default;
};

struct Destinations {
  std::vector<wire::Cidr> allow;  // opens what the built-in policy or deny refuses
  std::vector<wire::Cidr> deny;  // refused besides loopback, link-local, metadata and own listeners
  friend bool operator==(const Destinations&, const Destinations&) = default;
};

struct AccessControl {
  std::vector<wire::Cidr> whitelist;  // clients; empty: everyone
  std::vector<wire::Cidr> blacklist;  // wins over whitelist
  Destinations destinations;
  Abuse abuse;
  bool open_proxy = false;  // beyond loopback without authentication, knowingly
  friend bool operator==(const AccessControl&, const AccessControl&) = default;
};

}  // namespace bulkhead::config
