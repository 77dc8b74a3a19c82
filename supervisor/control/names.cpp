#include "supervisor/control/names.h"

namespace bulkhead::supervisor {
namespace {

std::string text_of(const config::DomainPattern& pattern) {
  return pattern.text;
}
std::string text_of(const wire::Cidr& block) {
  return block.to_string();
}
std::string text_of(const std::string& name) {
  return name;
}
std::string text_of(const config::PortRange& ports) {
  const std::string first = std::to_string(ports.first);
  return ports.first == ports.last ? first : first + '-' + std::to_string(ports.last);
}
std::string text_of(config::MatchProtocol protocol) {
  switch (protocol) {
    case config::MatchProtocol::http:
      return "http";
    case config::MatchProtocol::connect:
      return "connect";
    case config::MatchProtocol::socks4:
      return "socks4";
    case config::MatchProtocol::socks5:
      return "socks5";
    case config::MatchProtocol::udp:
      return "udp";
  }
  return {};
}

// A list may have 100,000 entries: the first few, and how many more.
template <typename Item>
void append(std::string& text, std::string_view name, const std::vector<Item>& items) {
  constexpr std::size_t shown = 8;
  if (items.empty()) return;
  if (!text.empty()) text += "; ";
  text += name;
  for (std::size_t i = 0; i < items.size() && i < shown; ++i) text += ' ' + text_of(items[i]);
  if (items.size() > shown) text += " and " + std::to_string(items.size() - shown) + " more";
}

}  // namespace

std::string_view kind_of(config::BackendType type) {
  switch (type) {
    case config::BackendType::direct:
      return "direct";
    case config::BackendType::http:
      return "http";
    case config::BackendType::socks5:
      return "socks5";
    case config::BackendType::echo:
      return "echo";
    case config::BackendType::wireguard:
      return "wireguard";
    case config::BackendType::openvpn:
      return "openvpn";
  }
  return "";
}

std::string_view origin_of(const config::Origin& origin) {
  switch (origin.source) {
    case config::Origin::Source::file:
      return "file";
    case config::Origin::Source::managed:
      return "managed";
    case config::Origin::Source::built_in:
      return "default";
  }
  return "";
}

std::string match_of(const config::Match& match) {
  std::string text;
  append(text, "domains", match.domains);
  if (!match.domains_file.empty()) {
    if (!text.empty()) text += "; ";
    text += "domains of " + match.domains_file + " (" +
            std::to_string(match.listed_domains.size()) + ')';
  }
  append(text, "ports", match.ports);
  append(text, "destinations", match.destinations);
  append(text, "clients", match.clients);
  append(text, "protocols", match.protocols);
  append(text, "users", match.users);
  append(text, "groups", match.groups);
  return text;
}

std::string action_of(const config::Rule& rule) {
  switch (rule.action) {
    case config::RuleAction::block:
      return "block";
    case config::RuleAction::redirect:
      return "redirect " + std::to_string(rule.redirect->status) + ' ' + rule.redirect->url;
    case config::RuleAction::backend:
      break;
  }
  if (rule.backends.empty()) return "backend " + rule.backend;
  std::string text = "backends";
  for (const auto& backend : rule.backends) text += ' ' + backend.name;
  return text;
}

}  // namespace bulkhead::supervisor
