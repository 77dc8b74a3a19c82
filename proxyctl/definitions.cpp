#include "proxyctl/definitions.h"

#include <filesystem>

#include "config/text.h"

namespace bulkhead::proxyctl {
namespace {

std::string line(std::string_view indentation, std::string_view key, std::string_view value) {
  return std::string(indentation) + std::string(key) + ": " + yaml_text(value) + "\n";
}

std::string line_if(std::string_view indentation, std::string_view key, std::string_view value) {
  return value.empty() ? std::string() : line(indentation, key, value);
}

// The daemon has another working directory.
std::string path_line(std::string_view indentation, std::string_view key, const std::string& path) {
  return path.empty() ? std::string()
                      : line(indentation, key, std::filesystem::absolute(path).string());
}

std::string list(std::string_view key, const std::vector<std::string>& values) {
  if (values.empty()) return {};
  std::string out = "  " + std::string(key) + ":\n";
  for (const std::string& value : values) out += "    - " + yaml_text(value) + "\n";
  return out;
}

std::string section(std::string_view key, const std::string& body) {
  return body.empty() ? std::string() : std::string(key) + ":\n" + body;
}

std::string proxy_section(const BackendDefinition& backend) {
  std::string body =
      line_if("  ", "address", backend.address) + line_if("  ", "username", backend.username);
  if (backend.password) body += line("  ", "password", *backend.password);
  if (backend.tls) {
    body += "  tls:\n    enabled: true\n" +
            line_if("    ", "server_name", backend.tls_server_name) +
            path_line("    ", "ca_file", backend.tls_ca_file);
  }
  return section("proxy", body);
}

std::string openvpn_section(const BackendDefinition& backend) {
  std::string body = path_line("  ", "config_file", backend.config_file) +
                     path_line("  ", "auth_file", backend.auth_file) +
                     line_if("  ", "username", backend.username);
  if (backend.password) body += line("  ", "password", *backend.password);
  return section("openvpn", body);
}

}  // namespace

std::string yaml_text(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 2) == "${") out += '$';  // "$${" stands for the characters "${"
    out += text[i];
  }
  return config::yaml_scalar(out);
}

std::string to_yaml(const BackendDefinition& backend) {
  std::string out = line("", "name", backend.name) + line("", "type", backend.type);
  if (backend.type == "wireguard") {
    out += section("wireguard", path_line("  ", "config_file", backend.config_file));
  } else if (backend.type == "openvpn") {
    out += openvpn_section(backend);
  } else {
    out += proxy_section(backend);
  }
  return out + line_if("", "via", backend.via);
}

std::string to_yaml(const RuleDefinition& rule) {
  std::string out = line("", "name", rule.name);
  out += section("match", list("domains", rule.domains) + list("ports", rule.ports) +
                              list("destinations", rule.destinations) +
                              list("clients", rule.clients) + list("protocols", rule.protocols) +
                              list("users", rule.users) + list("groups", rule.groups));
  if (rule.block) return out + "action: block\n";
  if (rule.redirect.empty()) return out + line("", "backend", rule.backend);
  return out + "action: redirect\nredirect:\n" + line("  ", "url", rule.redirect);
}

}  // namespace bulkhead::proxyctl
