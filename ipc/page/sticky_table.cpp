// The word: tag (24 bits), slot + 1 (16), time in seconds (24); zero is an empty place. Times are
// compared modulo 2^24 (194 days): an entry that old and never replaced may look young, once.
#include "ipc/page/sticky_table.h"

#include <algorithm>

namespace bulkhead::ipc {
namespace {

constexpr std::uint32_t time_mask = 0xFF'FFFF;
constexpr std::uint64_t tag_mask = 0xFF'FFFF;

struct Entry {
  std::uint32_t tag = 0, slot = 0, time = 0;
  std::uint32_t age(std::uint32_t now_s) const { return (now_s - time) & time_mask; }
};

std::optional<Entry> decode(std::uint64_t word) {
  const auto slot = static_cast<std::uint32_t>(word >> 24) & 0xFFFF;
  if (slot == 0) return std::nullopt;
  return Entry{static_cast<std::uint32_t>(word >> 40), slot - 1,
               static_cast<std::uint32_t>(word) & time_mask};
}

std::uint64_t encode(const Entry& entry) {
  return std::uint64_t{entry.tag} << 40 | std::uint64_t{(entry.slot + 1) & 0xFFFF} << 24 |
         (entry.time & time_mask);
}

auto& bucket_of(StickyTable& table, std::uint64_t key) {
  return table.entries[key % sticky_buckets];
}

std::uint32_t tag_of(std::uint64_t key) {
  return static_cast<std::uint32_t>((key >> 40) & tag_mask);
}

}  // namespace

std::optional<std::uint32_t> find_sticky(StickyTable& table, std::uint64_t key, std::uint32_t now_s,
                                         std::uint32_t lifetime_s) {
  for (auto& place : bucket_of(table, key)) {
    std::uint64_t word = place.load(std::memory_order_relaxed);
    auto entry = decode(word);
    if (!entry || entry->tag != tag_of(key)) continue;
    const std::uint32_t age = entry->age(now_s);
    if (age >= lifetime_s) return std::nullopt;
    // Not with every request: the line would travel between the cores.
    if (age > lifetime_s / 8) {
      entry->time = now_s;
      place.compare_exchange_strong(word, encode(*entry), std::memory_order_relaxed);
    }
    return entry->slot;
  }
  return std::nullopt;
}

void remember_sticky(StickyTable& table, std::uint64_t key, std::uint32_t slot,
                     std::uint32_t now_s) {
  const Entry entry{tag_of(key), slot, now_s};
  std::atomic<std::uint64_t>* chosen = nullptr;
  std::uint32_t oldest = 0;
  for (auto& place : bucket_of(table, key)) {
    const auto there = decode(place.load(std::memory_order_relaxed));
    const bool is_ours = there && there->tag == entry.tag;
    const std::uint32_t age = there ? there->age(now_s) : time_mask;
    if (chosen == nullptr || is_ours || age > oldest) {
      chosen = &place;
      oldest = age;
    }
    if (is_ours) break;
  }
  chosen->store(encode(entry), std::memory_order_relaxed);
}

}  // namespace bulkhead::ipc
