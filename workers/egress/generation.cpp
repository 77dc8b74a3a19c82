#include "workers/egress/generation.h"

#include <utility>

namespace bulkhead::egress_worker {
namespace {

using config::BackendType;
using proto::Refusal;

std::vector<wire::Endpoint> listeners_of(const config::Config& config) {
  std::vector<wire::Endpoint> all;
  for (const config::Listener& listener : config::proxy_listeners(config)) {
    all.push_back({listener.address, listener.port});
  }
  return all;
}

std::shared_ptr<egress::Resolver> resolver_for(const config::Network& network,
                                               const Generation* previous) {
  if (previous != nullptr) {
    const config::Network& before = previous->config->network;
    if (before.dns == network.dns && before.ipv6 == network.ipv6) return previous->resolver;
  }
  return std::make_shared<egress::Resolver>(network.dns, network.ipv6);
}

}  // namespace

Generation::Generation(std::shared_ptr<const config::Config> from, const Generation* previous)
    : config(std::move(from)),
      resolver(resolver_for(config->network, previous)),
      own_listeners(listeners_of(*config)),
      policy(config->access_control.destinations, own_listeners),
      connector(*resolver, policy) {}

tl::expected<FirstHop, egress::Failure> first_hop(const config::Config& config,
                                                  std::string_view backend,
                                                  wire::HostPort destination) {
  const config::Backend* found = config.backend(backend);
  if (found == nullptr) return egress::failed(Refusal::backend_unavailable, "no such backend");
  if (!found->unavailable.empty()) {
    return egress::failed(Refusal::backend_unavailable, found->unavailable);
  }
  switch (found->type) {
    case BackendType::direct:
      return FirstHop{std::move(destination), false};
    case BackendType::http:
    case BackendType::socks5:
      if (found->proxy) return FirstHop{found->proxy->address, true};
      return egress::failed(Refusal::backend_unavailable, "a parent without an address");
    case BackendType::echo:
      return egress::failed(Refusal::backend_unsuitable, "echo opens no connections");
    case BackendType::wireguard:
    case BackendType::openvpn:
      break;
  }
  return egress::failed(Refusal::backend_unavailable, "no worker runs this type of backend");
}

}  // namespace bulkhead::egress_worker
