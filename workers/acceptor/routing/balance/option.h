// A rule's backends as choosing needs them, worked out once a generation.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "config/model.h"
#include "egress/failure.h"

namespace bulkhead::acceptor {

struct BackendOption {
  const config::Backend* backend = nullptr;  // of the configuration
  std::uint32_t weight = 1;
  std::uint64_t identity = 0;            // a hash of its name
  std::uint32_t limit = 0;               // connections at a time; 0: unlimited
  std::uint32_t slot = config::no_slot;  // in the shared pages
  // Slots of those among it and the backends it is reached through that are actively checked. The
  // state of the others comes from connections, whose circuit says when to try again.
  std::vector<std::uint32_t> checked;
  std::optional<egress::Failure> objection;  // why nothing can go through it
};
using BackendOptions = std::vector<BackendOption>;

// In the rule's order; empty for a rule whose action is not backend. Names that are not there are
// left out. config must outlive the result.
BackendOptions options_of(const config::Config& config, const config::Rule& rule);

}  // namespace bulkhead::acceptor
