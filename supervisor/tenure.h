// An acceptor as a holder of flows (proto/vault.h): its number, the vault's end of its channel, and
// the memory in which it says what it carries. Outlives the process: it is what an heir needs.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "platform/error.h"
#include "platform/unique_fd.h"
#include "supervisor/upgrade/state.h"

namespace bulkhead::supervisor {

struct Tenure {
  std::uint32_t holder = 0;
  static constexpr std::uint32_t nowhere = UINT32_MAX;
  std::uint32_t place = 0;  // the acceptor's index
  platform::UniqueFd vault_end;
  platform::UniqueFd flows, copies;  // pages

  // Makes all of it, and the acceptor's own end of the channel.
  struct Made;
  static tl::expected<Made, platform::Error> make(std::uint32_t holder, std::uint32_t place);

  // For and from the program that runs in this process after and before this one; null for none.
  TenureState state() const;
  // Of an acceptor of another supervisor, which has let go; its two pages.
  static std::shared_ptr<Tenure> of_elsewhere(std::uint32_t holder,
                                              std::vector<platform::UniqueFd> pages);
  static std::shared_ptr<Tenure> inherit(const TenureState& state, std::uint32_t place);
};

struct Tenure::Made {
  std::shared_ptr<Tenure> tenure;
  platform::UniqueFd channel;
};

}  // namespace bulkhead::supervisor
