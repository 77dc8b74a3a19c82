// SipHash-2-4 (Aumasson, Bernstein): a hash that nobody without the key can steer, so that no
// client can choose addresses or names that fall into one bucket of a shared table.
#pragma once

#include <cstdint>
#include <span>

namespace bulkhead::ipc {

struct HashKey {
  std::uint64_t first = 0, second = 0;
};

std::uint64_t keyed_hash(HashKey key, std::span<const std::uint8_t> octets);

}  // namespace bulkhead::ipc
