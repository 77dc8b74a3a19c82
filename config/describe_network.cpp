// Definitions: network, access_control.
#include "config/describe.h"

namespace bulkhead::config {
namespace {

using namespace std::chrono_literals;

}  // namespace

template <>
void describe(Section<Ipv6>& section) {
  section.add("enabled", &Ipv6::enabled, "Connect to IPv6 destinations.");
  section.add("prefer_ipv6", &Ipv6::prefer_ipv6, "Try IPv6 first when a name has both.");
}

template <>
void describe(Section<Timeouts>& section) {
  section
      .add("connect", &Timeouts::connect, "Resolving and connecting to a backend or destination.")
      .between(1ms, 10min);
  section.add("read", &Timeouts::read, "Silence of an upstream that owes a response.")
      .between(1ms, 24h);
  section.add("write", &Timeouts::write, "A peer that takes nothing of what is sent to it.")
      .between(1ms, 24h);
  section.add("idle", &Timeouts::idle, "A connection on which nothing moves.")
      .between(1ms, 7 * 24h);
  section
      .add("header", &Timeouts::header,
           "From the first byte of a request to the end of its header.")
      .between(1ms, 1h);
  section
      .add("handshake", &Timeouts::handshake, "PROXY header, SOCKS negotiation and TLS handshakes.")
      .between(1ms, 1h);
}

template <>
void describe(Section<Keepalive>& section) {
  section.add("enabled", &Keepalive::enabled,
              "Reuse upstream connections and send TCP keep-alive probes.");
  section.add("interval", &Keepalive::interval, "Between TCP keep-alive probes.").between(1s, 24h);
  section
      .add("max_idle_conns", &Keepalive::max_idle_conns,
           "Idle upstream connections kept a backend.")
      .range(0, 100000);
  section
      .add("max_idle_time", &Keepalive::max_idle_time,
           "How long an upstream connection may be idle.")
      .between(0s, 24h);
}

template <>
void describe(Section<Dns>& section) {
  section
      .add("servers", &Dns::servers, "Name servers, port 53 unless written; empty: the system's.")
      .default_port(53);
  section.add("hosts_file", &Dns::hosts_file, "File of names looked up first; empty: none.").path();
  section.add("min_ttl", &Dns::min_ttl, "Answers are kept at least this long.").between(0s, 24h);
  section.add("max_ttl", &Dns::max_ttl, "Answers are kept at most this long.").between(0s, 7 * 24h);
  section.add("negative_ttl", &Dns::negative_ttl, "How long the absence of a name is kept.")
      .between(0s, 24h);
  section.add("timeout", &Dns::timeout, "For one look-up, all attempts together.")
      .between(1ms, 5min);
  section.add("cache_size", &Dns::cache_size, "Names kept; 0: no cache.").range(0, 10'000'000);
}

template <>
void describe(Section<Http>& section) {
  section.add("max_request_line", &Http::max_request_line, "Longest request line.")
      .range(256, 1 << 20);
  section.add("max_header_bytes", &Http::max_header_bytes, "Largest header section of a message.")
      .range(1024, 1 << 22);
  section.add("max_header_count", &Http::max_header_count, "Most header fields of a message.")
      .range(8, 10'000);
}

template <>
void describe(Section<Network>& section) {
  section.add("ipv6", &Network::ipv6, "IPv6.");
  section.add("timeouts", &Network::timeouts, "How long anything may take.");
  section.add("keepalive", &Network::keepalive, "Keep-alive towards upstreams.");
  section.add("limits", &Network::limits, "Connection limits.").roles(acceptor | admin);
  section.add("dns", &Network::dns, "Name resolution.").roles(egress | tunnel | admin);
  section.add("http", &Network::http, "Bounds on HTTP messages.").roles(acceptor | admin);
  section
      .add("relay", &Network::relay,
           "How bytes of tunnels move: adaptive copies small messages and splices bulk. The other "
           "two are for finding faults.")
      .roles(acceptor | admin);
}

template <>
void describe(Section<Destinations>& section) {
  section.add("allow", &Destinations::allow,
              "Addresses that may be connected to although they are denied below or by default "
              "(loopback, link-local, "
              "metadata services, own listeners).");
  section.add("deny", &Destinations::deny,
              "Addresses that must not be connected to, after resolution.");
}

template <>
void describe(Section<AccessControl>& section) {
  section.add("whitelist", &AccessControl::whitelist, "Clients that may connect; empty: all.")
      .roles(acceptor | admin);
  section
      .add("blacklist", &AccessControl::blacklist, "Clients that may not, even when whitelisted.")
      .roles(acceptor | admin);
  section.add("destinations", &AccessControl::destinations, "Where the proxy may connect to.")
      .roles(egress | tunnel | admin);
  section.add("abuse", &AccessControl::abuse, "Clients that misbehave are banned for a time.")
      .roles(acceptor | admin);
  section
      .add("open_proxy", &AccessControl::open_proxy,
           "Says that listening beyond loopback without authentication is meant.")
      .roles(admin);
}

}  // namespace bulkhead::config
