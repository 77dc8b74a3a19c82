// One generation of the configuration with all that serving it takes. Immutable: a reload makes the
// next one; both exist while workers change over.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "config/model.h"
#include "platform/unique_fd.h"
#include "proto/message_type.h"
#include "supervisor/listeners.h"

namespace bulkhead::supervisor {

struct Generation {
  std::uint32_t number = 0;
  std::shared_ptr<const config::Config> config;
  std::vector<std::string> warnings;  // the loader's, for the log and status
  Sockets sockets;
  std::map<proto::Party, platform::UniqueFd> projections;  // sealed, one a role

  int projection(proto::Party role) const;
  std::vector<std::uint32_t> listener_ids(std::uint32_t acceptor) const;
};

// Puts the projections in place, and forgets the secrets that are in them; everything else is the
// caller's. The error is for a person.
tl::expected<void, std::string> seal_projections(Generation& generation);

// A pseudonym for Via that no other proxy has, the same as long as this process lives: two that are
// chained must not take each other for themselves.
const std::string& own_pseudonym();

// Whether there is anything for an auth worker to do: somebody to authenticate, or a store.
bool needs_auth(const config::Config& config);

// How many acceptors the configuration asks for.
std::uint32_t acceptor_count(const config::Config& config);

}  // namespace bulkhead::supervisor
