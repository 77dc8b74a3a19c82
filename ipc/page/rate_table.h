// How fast something may go, shared by all acceptors without a lock: the generic cell rate
// algorithm, whose whole state is one number a key, the time at which the key will have paid for
// all that it was given ("theoretical arrival time").
//
// A key that has paid (its time has passed) is as if it had never been seen. So the table needs no
// clearing: a cell of such a key is taken for another one, and if all cells that a key may have are
// in use, it takes the one that has the least to pay. What can go wrong when several processes
// change a cell at once is that one event is charged to a stranger, or that a key is charged in two
// cells for a while: both are of the size of one event.
//
// Times are nanoseconds of the steady clock, which is the same in every process of a machine.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace bulkhead::ipc {

struct RateCell {
  std::atomic<std::uint64_t> key;         // 0: free
  std::atomic<std::uint64_t> paid_until;  // for what was given
};

// No debt is believed beyond this: a broken process must not shut anybody out for ever.
inline constexpr std::uint64_t longest_debt_ns = std::uint64_t{3600} * 1'000'000'000;

inline std::uint64_t believed(std::uint64_t paid_until, std::uint64_t now) {
  return paid_until > now + longest_debt_ns ? now : paid_until;
}

// One event: 0 if it may happen now, and is charged; otherwise how long to wait. cost is the time
// between events at the sustained rate, tolerance what may be owed before an event is refused.
inline std::uint64_t take(RateCell& cell, std::uint64_t now, std::uint64_t cost,
                          std::uint64_t tolerance) {
  std::uint64_t seen = cell.paid_until.load(std::memory_order_relaxed);
  while (true) {
    const std::uint64_t from = std::max(believed(seen, now), now);
    if (from - now > tolerance) return from - now - tolerance;
    if (cell.paid_until.compare_exchange_weak(seen, from + cost, std::memory_order_relaxed))
      return 0;
  }
}

// A piece of work that is charged at once and may begin at the time returned: those who ask queue
// up behind one another. A cell that was not used for a while has saved up at most `savings`.
inline std::uint64_t reserve(RateCell& cell, std::uint64_t now, std::uint64_t cost,
                             std::uint64_t savings) {
  std::uint64_t seen = cell.paid_until.load(std::memory_order_relaxed);
  while (true) {
    const std::uint64_t from = std::max(believed(seen, now), now - std::min(now, savings));
    if (cell.paid_until.compare_exchange_weak(seen, from + cost, std::memory_order_relaxed))
      return from;
  }
}

// Work that was reserved and will not be done.
inline void give_back(RateCell& cell, std::uint64_t cost) {
  std::uint64_t seen = cell.paid_until.load(std::memory_order_relaxed);
  while (!cell.paid_until.compare_exchange_weak(seen, seen - std::min(seen, cost),
                                                std::memory_order_relaxed)) {
  }
}

// Size is a power of two, at least 16.
template <std::size_t Size>
class RateTable {
 public:
  // The cell of a key (a keyed hash, never 0). Always some cell.
  RateCell& find(std::uint64_t key, std::uint64_t now) {
    RateCell* const first = bucket(key);
    RateCell* const second = bucket(key >> 32);
    for (int attempt = 0; attempt < max_attempts; ++attempt) {
      RateCell* candidate = nullptr;
      for (RateCell* cells : {first, second}) {
        for (std::size_t i = 0; i < ways; ++i) {
          if (cells[i].key.load(std::memory_order_relaxed) == key) return cells[i];
          candidate = better(candidate, cells[i], now);
        }
      }
      if (take_over(*candidate, key, now)) return *candidate;
    }
    return *first;
  }

 private:
  static constexpr std::size_t ways = 8;  // two cache lines
  static constexpr int max_attempts = 4;
  static_assert(Size >= 2 * ways && (Size & (Size - 1)) == 0);

  RateCell* bucket(std::uint64_t hash) { return &cells_[(hash & (Size / ways - 1)) * ways]; }

  static std::uint64_t owed(const RateCell& cell, std::uint64_t now) {
    const std::uint64_t until = believed(cell.paid_until.load(std::memory_order_relaxed), now);
    return until <= now ? 0 : until - now;
  }
  static RateCell* better(RateCell* chosen, RateCell& other, std::uint64_t now) {
    return chosen == nullptr || owed(other, now) < owed(*chosen, now) ? &other : chosen;
  }

  static bool take_over(RateCell& cell, std::uint64_t key, std::uint64_t now) {
    std::uint64_t old = cell.key.load(std::memory_order_relaxed);
    if (!cell.key.compare_exchange_strong(old, key, std::memory_order_relaxed)) return old == key;
    if (owed(cell, now) != 0) cell.paid_until.store(now, std::memory_order_relaxed);
    return true;
  }

  alignas(64) std::array<RateCell, Size> cells_;
};

}  // namespace bulkhead::ipc
