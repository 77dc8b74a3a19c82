// Definitions: server, listeners.
#include "config/describe.h"

namespace bulkhead::config {
namespace {

// Empty: one of its own.
std::string check_pseudonym(std::string_view text) {
  return text.empty() ? std::string() : check_token(text);
}

}  // namespace

template <>
void describe(Section<ProxyProtocol>& section) {
  section.add("enabled", &ProxyProtocol::enabled,
              "Expect a PROXY protocol header on the classic ports.");
  section.add("trusted", &ProxyProtocol::trusted,
              "Who may send a PROXY protocol header; others are refused.");
}

template <>
void describe(Section<Server>& section) {
  constexpr Roles listening =
      acceptor | egress | admin;  // egress: own listeners are no destination
  section
      .add("http_port", &Server::http_port, "Port of the HTTP proxy (plain and CONNECT); 0: off.")
      .roles(listening);
  section
      .add("socks5_port", &Server::socks5_port,
           "Port of the SOCKS5, SOCKS4 and SOCKS4a proxy; 0: off.")
      .roles(listening);
  section
      .add("mixed_port", &Server::mixed_port,
           "One port for HTTP and SOCKS, told apart by the first bytes; 0: off.")
      .roles(listening);
  section
      .add("web_ui_port", &Server::web_ui_port, "Port of the web interface and REST API; 0: off.")
      .roles(listening);
  section
      .add("bind_address", &Server::bind_address,
           "Address, or list of addresses, to listen on; \"::\" is dual stack.")
      .one_or_many()
      .roles(listening);
  section.add("log_level", &Server::log_level, "How much the process log tells.");
  section
      .add(
          "via", &Server::via,
          "Pseudonym in the Via header, by which loops are recognised; unless it is set, bulkhead- "
          "and eight digits that are drawn at the start.")
      .check(check_pseudonym)
      .roles(acceptor | egress | admin);
  section
      .add("proxy_protocol", &Server::proxy_protocol,
           "PROXY protocol v1 and v2 from load balancers in front.")
      .roles(acceptor | admin);
  section.add("auth", &Server::auth, "Authentication of clients.").roles(auth | acceptor | admin);
}

template <>
void describe(Section<Listener>& section) {
  section.add("name", &Listener::name, "Name in logs and status.").required().check(check_name);
  section.add("address", &Listener::address, "Address to listen on.");
  section.add("port", &Listener::port, "Port to listen on.").required().range(1, 65535);
  section.add("protocol", &Listener::protocol, "What is spoken there.");
  section.add("proxy_protocol", &Listener::proxy_protocol,
              "Expect a PROXY protocol header (server.proxy_protocol.trusted).");
}

}  // namespace bulkhead::config
