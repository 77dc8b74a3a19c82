// Definitions: backends, rules, and the managed file that changes both.
#include "config/describe.h"

namespace bulkhead::config {
namespace {

using namespace std::chrono_literals;

}  // namespace

template <>
void describe(Section<ParentTls>& section) {
  section.add("enabled", &ParentTls::enabled, "Speak TLS to the parent.");
  section.add("server_name", &ParentTls::server_name,
              "Name its certificate must have; empty: the address's host.");
  section.add("ca_file", &ParentTls::ca_file, "PEM file of the CAs to trust; empty: the system's.")
      .path()
      .roles(supervisor_only);
  section.add("ca", &ParentTls::ca, "Contents of ca_file.").internal();
  section.add("skip_verify", &ParentTls::skip_verify, "Accept any certificate. For tests only.");
}

template <>
void describe(Section<ParentProxy>& section) {
  section.add("address", &ParentProxy::address, "Host and port of the parent proxy.").required();
  section.add("username", &ParentProxy::username, "Name to log in with; empty: no credentials.")
      .roles(acceptor | egress | admin);
  section.add("password", &ParentProxy::password, "Its password.").roles(acceptor | egress);
  section.add("tls", &ParentProxy::tls, "TLS to the parent proxy.")
      .roles(acceptor | egress | admin);
}

template <>
void describe(Section<Wireguard>& section) {
  section.add("config_file", &Wireguard::config_file, "wg-quick style configuration.")
      .required()
      .path()
      .check(check_not_empty);
}

template <>
void describe(Section<Openvpn>& section) {
  section.add("config_file", &Openvpn::config_file, "OpenVPN client configuration.")
      .required()
      .path()
      .check(check_not_empty);
  section
      .add("auth_file", &Openvpn::auth_file,
           "File with the username and the password on two lines.")
      .path();
  section.add("username", &Openvpn::username, "Name to log in with.");
  section.add("password", &Openvpn::password, "Its password.").roles(tunnel);
}

template <>
void describe(Section<Backend>& section) {
  section.origin(&Backend::origin);
  section.add("name", &Backend::name, "What rules call it.").required().check(check_name);
  section.add("type", &Backend::type, "The kind of way out.").required();
  section.add("proxy", &Backend::proxy, "The parent proxy; types http and socks5.")
      .roles(acceptor | egress | admin);
  section.add("wireguard", &Backend::wireguard, "The tunnel; type wireguard.")
      .roles(tunnel | admin);
  section.add("openvpn", &Backend::openvpn, "The tunnel; type openvpn.").roles(tunnel | admin);
  section.add("via", &Backend::via, "Backend this one is reached through.");
  section.add("health_check", &Backend::health_check, "Active health checks.");
  section
      .add("max_connections", &Backend::max_connections,
           "Connections at a time, of all acceptors together; 0: unlimited. Absent: "
           "network.limits.max_connections_per_backend.")
      .range(0, 1'000'000);
  section
      .add("max_queue", &Backend::max_queue,
           "Requests that may wait when max_connections are in use; 0: none.")
      .range(0, 100'000);
  section
      .add("queue_timeout", &Backend::queue_timeout, "How long they wait before they are refused.")
      .between(1ms, 10min);
  section.add("slot", &Backend::slot, "Its place in the shared pages.").internal();
  section.add("unavailable", &Backend::unavailable, "Why it cannot be used.").internal();
}

template <>
void describe(Section<WeightedBackend>& section) {
  section.add("name", &WeightedBackend::name, "A backend.").required().check(check_name);
  section
      .add("weight", &WeightedBackend::weight,
           "Its share beside the others'; 0: only when no other is left.")
      .range(0, 65535);
}

template <>
void describe(Section<LoadBalancing>& section) {
  section.add("algorithm", &LoadBalancing::algorithm, "How one of several backends is chosen.");
  section.add("sticky_sessions", &LoadBalancing::sticky_sessions,
              "Keep a client on its backend for as long as that works.");
  section
      .add("sticky_timeout", &LoadBalancing::sticky_timeout,
           "A client that has not come for so long is chosen for anew.")
      .between(1s, 168h);
  section
      .add("attempts", &LoadBalancing::attempts,
           "Backends that are tried for one connection while connecting fails.")
      .range(1, 16);
}

template <>
void describe(Section<Redirect>& section) {
  section.add("url", &Redirect::url, "Where the client is sent.").required().check(check_http_url);
  section.add("status", &Redirect::status, "301, 302, 303, 307 or 308.")
      .check([](std::string_view text) {
        const bool good =
            text == "301" || text == "302" || text == "303" || text == "307" || text == "308";
        return std::string(good ? "" : "must be 301, 302, 303, 307 or 308");
      });
}

template <>
void describe(Section<Match>& section) {
  section
      .add("domains", &Match::domains, "Names: exact, \"*.example.com\" with its apex, or \"*\".")
      .one_or_many();
  section
      .add("domains_file", &Match::domains_file,
           "File with more of them, one a line, # begins a comment.")
      .path()
      .roles(supervisor_only);
  section.add("listed_domains", &Match::listed_domains, "Contents of domains_file.").internal();
  section.add("ports", &Match::ports, "Destination ports and ranges.").one_or_many();
  section
      .add("destinations", &Match::destinations,
           "Destination addresses, where the client names an address.")
      .one_or_many();
  section.add("clients", &Match::clients, "Client addresses.").one_or_many();
  section.add("protocols", &Match::protocols, "What the client speaks.").one_or_many();
  section.add("users", &Match::users, "Authenticated users.").one_or_many().check(check_name);
  section.add("groups", &Match::groups, "Groups of authenticated users.")
      .one_or_many()
      .check(check_not_empty);
}

template <>
void describe(Section<Rule>& section) {
  section.origin(&Rule::origin);
  section.add("name", &Rule::name, "Name in logs and status.")
      .required()
      .check([](std::string_view text) {
        return std::string(text.empty() || text.size() > 128 ? "must be a name of 1 to 128 bytes"
                                                             : "");
      });
  section
      .add("match", &Rule::match,
           "What the rule is about: every kind given must hold, one entry of each.")
      .required();
  section.add("action", &Rule::action,
              "What happens: a backend carries it, or it is refused, or (HTTP) redirected.");
  section.add("backend", &Rule::backend, "The backend that carries it.");
  section.add("backends", &Rule::backends, "Several backends to choose from.");
  section.add("load_balancing", &Rule::load_balancing, "How to choose among backends.");
  section.add("redirect", &Rule::redirect, "Where to; action redirect.");
}

template <>
void describe(Section<ManagedRule>& section) {
  section.add("position", &ManagedRule::position,
              "Index in the list; absent: before the first catch-all rule.");
  section.add("rule", &ManagedRule::rule, "The rule.").required();
}

template <>
void describe(Section<Managed>& section) {
  section.add("backends", &Managed::backends, "Backends added.");
  section.add("removed_backends", &Managed::removed_backends,
              "Backends of the configuration file that are left out.");
  section.add("rules", &Managed::rules, "Rules added.");
  section.add("removed_rules", &Managed::removed_rules,
              "Rules of the configuration file that are left out.");
  section.add("rule_order", &Managed::rule_order,
              "Rules in another order than they were written in.");
}

}  // namespace bulkhead::config
