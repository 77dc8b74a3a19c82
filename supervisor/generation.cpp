#include "supervisor/generation.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <random>
#include <thread>

#include "config/projection.h"
#include "platform/sealed_memory.h"

namespace bulkhead::supervisor {
namespace {

tl::expected<platform::UniqueFd, std::string> seal(const Generation& generation, config::Role role,
                                                   const std::string& name) {
  std::string text = config::project(*generation.config, role);
  auto memory = platform::create_sealed_memory(
      "bulkhead-" + name + '-' + std::to_string(generation.number), text);
  platform::wipe(text);
  if (!memory)
    return tl::unexpected("cannot hand over the configuration: " + memory.error().to_string());
  return std::move(*memory);
}

std::string draw_pseudonym() {
  std::array<char, 9> digits{};
  std::snprintf(digits.data(), digits.size(), "%08x", std::random_device{}());
  return "bulkhead-" + std::string(digits.data());
}

}  // namespace

const std::string& own_pseudonym() {
  static const std::string drawn = draw_pseudonym();
  return drawn;
}

int Generation::projection(proto::Party role) const {
  const auto found = projections.find(role);
  return found == projections.end() ? -1 : found->second.get();
}

std::vector<std::uint32_t> Generation::listener_ids(std::uint32_t acceptor) const {
  std::vector<std::uint32_t> ids;
  for (const auto& socket : sockets) {
    if (socket->acceptor == acceptor) ids.push_back(socket->id);
  }
  return ids;
}

tl::expected<void, std::string> seal_projections(Generation& generation) {
  constexpr std::array roles{std::pair{proto::Party::acceptor, config::Role::acceptor},
                             std::pair{proto::Party::egress, config::Role::egress},
                             std::pair{proto::Party::vault, config::Role::vault}};
  for (const auto& [party, role] : roles) {
    auto sealed = seal(generation, role, std::string(to_string(party)));
    if (!sealed) return tl::unexpected(sealed.error());
    generation.projections[party] = std::move(*sealed);
  }
  if (needs_auth(*generation.config)) {
    auto sealed = seal(generation, config::Role::auth, "auth");
    if (!sealed) return tl::unexpected(sealed.error());
    generation.projections[proto::Party::auth] = std::move(*sealed);
  }
  // From here on they are the workers' alone.
  generation.config = config::without_secrets(*generation.config);
  return {};
}

bool needs_auth(const config::Config& config) {
  return config.server.auth.required() || !config.server.auth.store.empty();
}

std::uint32_t acceptor_count(const config::Config& config) {
  return config.workers.acceptors.value_or(std::max(1U, std::thread::hardware_concurrency()));
}

}  // namespace bulkhead::supervisor
