// Which backend a client was sent to last, for sticky sessions: a table of fixed size that all
// acceptors share. An entry is one word: a tag of the key, the backend's slot, the second it was
// last used. Where it is full the entry used longest ago makes room; then that client is chosen for
// anew, which is all the harm there is.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

namespace bulkhead::ipc {

inline constexpr std::size_t sticky_buckets = 8192;
inline constexpr std::size_t sticky_ways = 4;

struct StickyTable {
  std::array<std::array<std::atomic<std::uint64_t>, sticky_ways>, sticky_buckets> entries;
};

// key: a hash of rule and client. now_s: steady clock. lifetime_s: of an entry since its last use;
// at most max_sticky_seconds.
inline constexpr std::uint32_t max_sticky_seconds = 7 * 24 * 3600;

// The slot that was remembered; its time of use is renewed.
std::optional<std::uint32_t> find_sticky(StickyTable& table, std::uint64_t key, std::uint32_t now_s,
                                         std::uint32_t lifetime_s);
// slot < 65535.
void remember_sticky(StickyTable& table, std::uint64_t key, std::uint32_t slot,
                     std::uint32_t now_s);

}  // namespace bulkhead::ipc
