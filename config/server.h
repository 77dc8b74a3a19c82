// `server:` and `listeners:`, who may connect where, and how clients prove who they are
// (`server.auth`).
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "config/auth_methods.h"
#include "config/people.h"
#include "config/values.h"

namespace bulkhead::config {

enum class LogLevel : std::uint8_t { debug, info, warn, error };
enum class ListenerProtocol : std::uint8_t {
  http,
  socks5,
  mixed
};  // socks5 also speaks SOCKS4 and 4a
enum class AuthMode : std::uint8_t { none, native, system, ldap, oauth };

struct Auth {
  std::vector<AuthMode> mode = {AuthMode::none};  // asked in this order; none stands alone
  std::vector<wire::Cidr> trusted_networks;       // clients that need no credential
  std::string realm = "bulkhead";                 // what a browser's prompt names
  Duration timeout{10'000};                       // for one verdict, delays included
  AuthCache cache;
  Lockout lockout;
  UserLimits limits;  // of every user who has none of their own
  Secret store;       // postgresql:// URL; empty: SQLite in the state directory
  std::optional<std::uint32_t> hashing_threads;  // empty ("auto"): half the cores
  NativeAuth native;                             // users: with mode native; acl: with any
  SystemAuth system;                             // each of these is read in its own mode only
  LdapAuth ldap;
  OauthAuth oauth;

  bool required() const { return mode != std::vector{AuthMode::none}; }
  bool uses(AuthMode which) const {
    return std::find(mode.begin(), mode.end(), which) != mode.end();
  }
  friend bool operator==(const Auth&, const Auth&) = default;
};

struct ProxyProtocol {
  bool enabled = false;             // on the classic ports
  std::vector<wire::Cidr> trusted;  // who may send a PROXY header; also for listeners[]
  friend bool operator==(const ProxyProtocol&, const ProxyProtocol&) = default;
};

struct Server {
  std::uint16_t http_port = 8080;  // 0: off, as for the three below
  std::uint16_t socks5_port = 1080;
  std::uint16_t mixed_port = 0;  // HTTP and SOCKS told apart by the first bytes
  std::uint16_t web_ui_port = 0;
  std::vector<wire::IpAddress> bind_address = {
      wire::IpAddress::v4(0x7f000001)};  // "::" is dual stack
  LogLevel log_level = LogLevel::info;
  std::string via;  // pseudonym in Via, RFC 9110 7.6.3; the supervisor fills in its own for none
  ProxyProtocol proxy_protocol;
  Auth auth;
  friend bool operator==(const Server&, const Server&) = default;
};

// One more place to listen, beside server's ports.
struct Listener {
  std::string name;
  wire::IpAddress address = wire::IpAddress::v4(0x7f000001);
  std::uint16_t port = 0;  // never 0 once checked
  ListenerProtocol protocol = ListenerProtocol::mixed;
  bool proxy_protocol = false;
  friend bool operator==(const Listener&, const Listener&) = default;
};

}  // namespace bulkhead::config
