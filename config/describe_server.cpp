// Definitions: server, listeners, and the methods of authentication that ask somebody else.
#include "config/describe.h"

namespace bulkhead::config {

template <>
void describe(Section<SystemAuth>& section) {
  section.add("service", &SystemAuth::service, "PAM service name.").check(check_token);
  section
      .add("allowed_groups", &SystemAuth::allowed_groups,
           "Groups of the system that may use the proxy; empty: all.")
      .check(check_name);
}

template <>
void describe(Section<LdapTls>& section) {
  section.add("skip_verify", &LdapTls::skip_verify, "Accept any certificate. For tests only.");
  section.add("start_tls", &LdapTls::start_tls, "Upgrade an ldap:// connection with StartTLS.");
  section.add("ca_cert", &LdapTls::ca_cert, "PEM file of the CAs to trust; empty: the system's.")
      .path();
}

template <>
void describe(Section<LdapAuth>& section) {
  section.add("server", &LdapAuth::server, "ldap:// or ldaps:// URL of the directory.")
      .check([](std::string_view text) {
        return text.empty() ? std::string() : check_ldap_url(text);
      });
  section.add("bind_dn", &LdapAuth::bind_dn, "DN to search with; empty: anonymous.");
  section.add("bind_password", &LdapAuth::bind_password, "Its password.").roles(auth);
  section.add("base_dn", &LdapAuth::base_dn, "Where users and groups are searched.");
  section.add("user_filter", &LdapAuth::user_filter, "Finds a user; %s is the name.")
      .check(check_filter);
  section
      .add("group_filter", &LdapAuth::group_filter, "Finds a user's groups; %s is the user's DN.")
      .check(check_filter);
  section
      .add("allowed_groups", &LdapAuth::allowed_groups,
           "DNs of groups that may use the proxy; empty: all users.")
      .check(check_not_empty);
  section.add("tls", &LdapAuth::tls, "TLS to the directory.");
}

template <>
void describe(Section<JwtAuth>& section) {
  section.add("issuer", &JwtAuth::issuer, "The iss a token must carry.");
  section.add("audience", &JwtAuth::audience, "The aud a token must carry.");
}

template <>
void describe(Section<OauthAuth>& section) {
  const Check url_or_empty = [](std::string_view text) {
    return text.empty() ? std::string() : check_http_url(text);
  };
  section.add("provider", &OauthAuth::provider, "Presets for a well-known provider.");
  section.add("client_id", &OauthAuth::client_id, "The proxy's client id at the provider.");
  section.add("client_secret", &OauthAuth::client_secret, "Its secret.").roles(auth);
  section.add("auth_url", &OauthAuth::auth_url, "Authorization endpoint.").check(url_or_empty);
  section.add("token_url", &OauthAuth::token_url, "Token endpoint.").check(url_or_empty);
  section.add("userinfo_url", &OauthAuth::userinfo_url, "Userinfo endpoint.").check(url_or_empty);
  section.add("scopes", &OauthAuth::scopes, "Scopes to ask for.").check(check_not_empty);
  section.add("username_claim", &OauthAuth::username_claim, "Claim that names the user.")
      .check(check_not_empty);
  section.add("groups_claim", &OauthAuth::groups_claim, "Claim that lists the user's groups.")
      .check(check_not_empty);
  section
      .add("allowed_groups", &OauthAuth::allowed_groups,
           "Groups that may use the proxy; empty: all users.")
      .check(check_name);
  section.add("jwt", &OauthAuth::jwt, "Validation of JWT access tokens.");
}

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
  section.add("via", &Server::via, "Pseudonym in the Via header, and how loops are recognised.")
      .check(check_token)
      .roles(acceptor | admin);
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
