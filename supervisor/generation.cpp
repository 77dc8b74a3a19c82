#include "supervisor/generation.h"

#include <algorithm>
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

}  // namespace

int Generation::projection(proto::Party role) const {
  return role == proto::Party::egress ? egress_projection.get() : acceptor_projection.get();
}

std::vector<std::uint32_t> Generation::listener_ids(std::uint32_t acceptor) const {
  std::vector<std::uint32_t> ids;
  for (const auto& socket : sockets) {
    if (socket->acceptor == acceptor) ids.push_back(socket->id);
  }
  return ids;
}

tl::expected<void, std::string> seal_projections(Generation& generation) {
  auto acceptor = seal(generation, config::Role::acceptor, "acceptor");
  if (!acceptor) return tl::unexpected(acceptor.error());
  auto egress = seal(generation, config::Role::egress, "egress");
  if (!egress) return tl::unexpected(egress.error());
  generation.acceptor_projection = std::move(*acceptor);
  generation.egress_projection = std::move(*egress);
  return {};
}

std::uint32_t acceptor_count(const config::Config& config) {
  return config.workers.acceptors.value_or(std::max(1U, std::thread::hardware_concurrency()));
}

}  // namespace bulkhead::supervisor
