// What can be asked of a Config.
#include "config/model.h"

#include <algorithm>

namespace bulkhead::config {

OpaqueTokens OauthAuth::opaque_tokens_in_force() const {
  if (opaque_tokens != OpaqueTokens::automatic) return opaque_tokens;
  if (!introspection_url.empty()) return OpaqueTokens::introspection;
  const bool only_way = provider == OauthProvider::generic && jwt.issuer.empty();
  return only_way && !userinfo_url.empty() ? OpaqueTokens::userinfo : OpaqueTokens::off;
}

const Backend* Config::backend(std::string_view name) const {
  const auto found = std::find_if(backends.begin(), backends.end(),
                                  [&](const Backend& candidate) { return candidate.name == name; });
  return found == backends.end() ? nullptr : &*found;
}

bool Match::is_catch_all() const {
  const bool everything =
      std::any_of(domains.begin(), domains.end(),
                  [](const DomainPattern& domain) { return domain.text == "*"; });
  return everything && ports.empty() && destinations.empty() && clients.empty() &&
         protocols.empty() && users.empty() && groups.empty();
}

std::vector<Listener> proxy_listeners(const Config& config) {
  std::vector<Listener> all;
  const bool several = config.server.bind_address.size() > 1;
  const auto classic = [&](std::string_view name, std::uint16_t port, ListenerProtocol protocol) {
    if (port == 0) return;
    for (const wire::IpAddress& address : config.server.bind_address) {
      Listener listener;
      listener.name = several ? std::string(name) + '@' + address.to_string() : std::string(name);
      listener.address = address;
      listener.port = port;
      listener.protocol = protocol;
      listener.proxy_protocol = config.server.proxy_protocol.enabled;
      all.push_back(std::move(listener));
    }
  };
  classic("http", config.server.http_port, ListenerProtocol::http);
  classic("socks5", config.server.socks5_port, ListenerProtocol::socks5);
  classic("mixed", config.server.mixed_port, ListenerProtocol::mixed);
  all.insert(all.end(), config.listeners.begin(), config.listeners.end());
  return all;
}

}  // namespace bulkhead::config
