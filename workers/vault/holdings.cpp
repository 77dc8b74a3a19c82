#include "workers/vault/holdings.h"

#include <algorithm>

#include "platform/descriptor.h"

namespace bulkhead::vault {
namespace {

// An acceptor has at most that many pipes (runtime/pipe_pool.h), and two pages.
constexpr std::uint64_t descriptors_a_holder = 2 * (512 + 32) + 2;
// Messages on their way in and out.
constexpr std::uint64_t margin = 128;

}  // namespace

std::uint32_t flow_capacity(std::uint64_t descriptors, std::size_t holders) {
  const std::uint64_t kept =
      first_held_number + margin + descriptors_a_holder * std::max<std::size_t>(holders, 1);
  const std::uint64_t flows = descriptors > kept ? (descriptors - kept) / 2 : 0;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(flows, UINT32_MAX));
}

platform::UniqueFd at_low_number(platform::UniqueFd channel) {
  if (channel.get() >= first_held_number) channel = platform::duplicate(channel.get());
  if (channel.get() >= first_held_number) channel.reset();
  return channel;
}

platform::UniqueFd at_high_number(platform::UniqueFd held) {
  return platform::duplicate_from(held.get(), first_held_number);
}

bool move_up(Pair& pair) {
  for (platform::UniqueFd& descriptor : pair) {
    platform::UniqueFd moved = at_high_number(std::move(descriptor));
    if (!moved) return false;
    descriptor = std::move(moved);
  }
  return true;
}

}  // namespace bulkhead::vault
