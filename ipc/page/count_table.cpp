#include "ipc/page/count_table.h"

#include <algorithm>

namespace bulkhead::ipc {
namespace {

constexpr std::uint32_t ways = 8;
constexpr std::uint32_t buckets = count_entries / ways;
static_assert((buckets & (buckets - 1)) == 0);
constexpr int max_attempts = 8;

// A key being taken: this bit, and the column of the taker.
constexpr std::uint64_t taking = std::uint64_t{1} << 63;

// Neither free (0) nor marked.
std::uint64_t as_key(std::uint64_t hash) {
  const std::uint64_t key = hash & ~taking;
  return key == 0 ? 1 : key;
}

// The entries that a key may have: four buckets.
constexpr std::uint32_t candidates = 4 * ways;
std::uint32_t candidate(std::uint64_t key, std::uint32_t number) {
  const std::uint64_t bucket = key >> (number / ways * 16);
  return static_cast<std::uint32_t>(bucket & (buckets - 1)) * ways + number % ways;
}

void subtract_one(std::atomic<std::uint32_t>& count) {
  const std::uint32_t now = count.load(std::memory_order_relaxed);
  if (now != 0) count.store(now - 1, std::memory_order_release);
}

void add_one(std::atomic<std::uint32_t>& count) {
  count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_seq_cst);
}

}  // namespace

std::uint32_t Counting::columns_in_use() const {
  return std::min(columns_.load(std::memory_order_relaxed), max_columns);
}

std::uint32_t Counting::count(std::uint32_t entry) const {
  std::uint32_t sum = 0;
  const std::uint32_t columns = columns_in_use();
  for (std::uint32_t i = 0; i < columns; ++i)
    sum += plausible(table_.columns[i].counts[entry].load(std::memory_order_seq_cst));
  return sum;
}

bool Counting::is_unused(std::uint32_t entry) const {
  const std::uint32_t columns = columns_in_use();
  for (std::uint32_t i = 0; i < columns; ++i) {
    if (table_.columns[i].counts[entry].load(std::memory_order_seq_cst) != 0) return false;
  }
  return true;
}

std::uint32_t Counting::find(std::uint64_t key) const {
  for (std::uint32_t i = 0; i < candidates; ++i) {
    const std::uint32_t entry = candidate(key, i);
    if (table_.keys[entry].load(std::memory_order_seq_cst) == key) return entry;
  }
  return no_entry;
}

std::uint32_t Counting::claim(std::uint64_t key) {
  for (std::uint32_t i = 0; i < candidates; ++i) {
    const std::uint32_t entry = candidate(key, i);
    std::atomic<std::uint64_t>& place = table_.keys[entry];
    std::uint64_t old = place.load(std::memory_order_seq_cst);
    if (old == key) return entry;
    if ((old & taking) != 0 || !is_unused(entry)) continue;
    if (!place.compare_exchange_strong(old, taking | column_, std::memory_order_seq_cst)) {
      if (old == key) return entry;
      continue;
    }
    const bool still_unused = is_unused(entry);
    place.store(still_unused ? key : old, std::memory_order_seq_cst);
    if (still_unused) return entry;
  }
  return no_entry;
}

Counted Counting::add(std::uint64_t hash, std::uint32_t limit) {
  const std::uint64_t key = as_key(hash);
  for (int attempt = 0; attempt < max_attempts; ++attempt) {
    std::uint32_t entry = find(key);
    if (entry == no_entry) entry = claim(key);
    if (entry == no_entry) return {Counted::Answer::no_room, no_entry};
    add_one(own().counts[entry]);
    const bool ours = table_.keys[entry].load(std::memory_order_seq_cst) == key;
    if (ours && (limit == 0 || count(entry) <= limit)) return {Counted::Answer::taken, entry};
    subtract_one(own().counts[entry]);
    if (ours) return {Counted::Answer::too_many, no_entry};
  }
  return {Counted::Answer::no_room, no_entry};
}

void Counting::remove(std::uint32_t entry) {
  subtract_one(own().counts[entry]);
}

bool Counting::add_to_total(std::uint32_t limit) {
  add_one(own().total);
  if (limit == 0 || total() <= limit) return true;
  subtract_one(own().total);
  return false;
}

void Counting::remove_from_total() {
  subtract_one(own().total);
}

std::uint32_t Counting::total() const {
  std::uint32_t sum = 0;
  const std::uint32_t columns = columns_in_use();
  for (std::uint32_t i = 0; i < columns; ++i)
    sum += plausible(table_.columns[i].total.load(std::memory_order_seq_cst));
  return sum;
}

void zero_column(CountTable& table, std::uint32_t column) {
  CountColumn& dead = table.columns[column];
  dead.total = 0;
  for (auto& count : dead.counts) {
    if (count.load(std::memory_order_relaxed) != 0) count = 0;
  }
  // What it was taking belongs to nobody.
  for (auto& key : table.keys) {
    if (key.load(std::memory_order_relaxed) == (taking | column)) key = 0;
  }
}

}  // namespace bulkhead::ipc
