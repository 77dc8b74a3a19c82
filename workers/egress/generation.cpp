#include "workers/egress/generation.h"

#include <utility>

#include "runtime/log.h"

namespace bulkhead::egress_worker {
namespace {

using config::BackendType;
using proto::Refusal;

std::vector<wire::Endpoint> own_listeners(const config::Config& config) {
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

egress::TlsContexts tls_contexts(const config::Config& config) {
  egress::TlsContexts contexts;
  for (const config::Backend& backend : config.backends) {
    if (!backend.proxy || !backend.proxy->tls.enabled) continue;
    std::string error;
    auto context = runtime::make_client_context(backend.proxy->tls.ca, error);
    if (!context)
      runtime::log::warn("no TLS to parent", {{"backend", backend.name}, {"error", error}});
    contexts.emplace(backend.name, std::move(context));
  }
  return contexts;
}

}  // namespace

Generation::Generation(std::shared_ptr<const config::Config> from, const Generation* previous)
    : config(std::move(from)),
      resolver(resolver_for(config->network, previous)),
      policy(config->access_control.destinations, own_listeners(*config)),
      connector(*resolver, policy, config->network.keepalive),
      parent_tls(tls_contexts(*config)) {}

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
