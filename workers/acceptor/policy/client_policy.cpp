#include "workers/acceptor/policy/client_policy.h"

#include <algorithm>

namespace bulkhead::acceptor {
namespace {

bool any_contains(const std::vector<wire::Cidr>& blocks, const wire::IpAddress& address) {
  return std::any_of(blocks.begin(), blocks.end(),
                     [&](const wire::Cidr& block) { return block.contains(address); });
}

}  // namespace

bool admits(const config::AccessControl& control, const wire::IpAddress& client) {
  if (any_contains(control.blacklist, client)) return false;
  return control.whitelist.empty() || any_contains(control.whitelist, client);
}

std::optional<proto::Refusal> objection_to(const config::Config& config,
                                           const wire::IpAddress& client) {
  if (!admits(config.access_control, client)) return proto::Refusal::client_denied;
  return std::nullopt;
}

bool is_trusted(const std::vector<wire::Cidr>& networks, const wire::IpAddress& client) {
  return any_contains(networks, client);
}

bool is_trusted_proxy(const std::vector<wire::Cidr>& trusted, const wire::IpAddress& peer) {
  return any_contains(trusted, peer);
}

}  // namespace bulkhead::acceptor
