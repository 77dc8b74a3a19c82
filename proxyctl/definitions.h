// What `backend add` and `rule add` were told, and the same as YAML, as the configuration has it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::proxyctl {

// A value that reads back as exactly this text: quoted where needed, and no ${VARIABLE} is expanded
// in it.
std::string yaml_text(std::string_view text);

struct BackendDefinition {
  std::string name, type;
  std::string address;  // http, socks5: host:port of the parent
  std::string username;
  std::optional<std::string> password;
  bool tls = false;
  std::string tls_server_name, tls_ca_file;
  std::string via;
  std::string config_file, auth_file;  // wireguard, openvpn; made absolute
};

struct RuleDefinition {
  std::string name;
  std::vector<std::string> domains, ports, destinations, clients, protocols, users, groups;
  std::string backend;
  bool block = false;
  std::string redirect;  // URL
};

// A mapping in block style, ending with a line end. Not checked: the daemon does that.
std::string to_yaml(const BackendDefinition& backend);
std::string to_yaml(const RuleDefinition& rule);

}  // namespace bulkhead::proxyctl
