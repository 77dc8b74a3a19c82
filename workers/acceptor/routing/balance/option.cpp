#include "workers/acceptor/routing/balance/option.h"

#include "workers/acceptor/outbound/opener.h"
#include "workers/acceptor/routing/balance/hash.h"

namespace bulkhead::acceptor {
namespace {

std::vector<std::uint32_t> checked_of(const config::Config& config,
                                      const config::Backend& backend) {
  std::vector<std::uint32_t> checked;
  const config::Backend* each = &backend;
  for (unsigned depth = 0; each != nullptr && depth <= config::max_via_depth; ++depth) {
    if (each->health_check && each->health_check->enabled) checked.push_back(each->slot);
    each = each->via.empty() ? nullptr : config.backend(each->via);
  }
  return checked;
}

void add(BackendOptions& options, const config::Config& config, const std::string& name,
         std::uint32_t weight) {
  const config::Backend* backend = config.backend(name);
  if (backend == nullptr) return;
  BackendOption option;
  option.backend = backend;
  option.weight = weight;
  option.identity = hash_of(name);
  option.limit =
      backend->max_connections.value_or(config.network.limits.max_connections_per_backend);
  option.slot = backend->slot;
  option.checked = checked_of(config, *backend);
  option.objection = objection_to(config, *backend);
  options.push_back(std::move(option));
}

}  // namespace

BackendOptions options_of(const config::Config& config, const config::Rule& rule) {
  BackendOptions options;
  if (rule.action != config::RuleAction::backend) return options;
  if (!rule.backend.empty()) add(options, config, rule.backend, 1);
  for (const auto& each : rule.backends) add(options, config, each.name, each.weight);
  return options;
}

}  // namespace bulkhead::acceptor
