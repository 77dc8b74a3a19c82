// What the vault holds for one holder: descriptors under ids, and nothing that it would look into.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>

#include "platform/sandbox.h"
#include "platform/unique_fd.h"

namespace bulkhead::vault {

// Flows: the client's socket and the upstream's. Pipes: read end and write end. Pages: flows, copy
// buffers.
using Pair = std::array<platform::UniqueFd, 2>;

struct Holdings {
  std::map<std::uint64_t, Pair> flows, pipes;
  std::optional<Pair> pages;

  std::size_t descriptors() const { return 2 * (flows.size() + pipes.size() + (pages ? 1 : 0)); }
  bool empty() const { return flows.empty() && pipes.empty() && !pages; }
};

// Numbers below this are for channels, the loop and the log; what is held is moved to this one or
// above, where the sandbox allows no more than closing and passing on.
using platform::first_held_number;

// How many flows may be held by `holders` acceptors when the process may open `descriptors`: the
// rest is for their pipes and pages, and for the numbers below first_held_number.
std::uint32_t flow_capacity(std::uint64_t descriptors, std::size_t holders);

// A channel, where the sandbox lets things be received; empty if there is no such number left.
platform::UniqueFd at_low_number(platform::UniqueFd channel);

// Something that is held, out of the low numbers; empty if the process has no number left.
platform::UniqueFd at_high_number(platform::UniqueFd held);

// Moves both out of the low numbers. False if the process has no number left.
bool move_up(Pair& pair);

}  // namespace bulkhead::vault
