// What the acceptors know of the backends together: connections in use, who waits for one, how long
// connecting takes, and whether it works.
//
// Made by the supervisor; every acceptor may write all of it, so nothing read here is believed
// beyond its bounds. Each fact is one atomic word (see circuit.h, latency.h and sticky_table.h for
// what is in the words): no lock, and a process that dies anywhere leaves nothing half-written.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "ipc/page/circuit.h"
#include "ipc/page/columns.h"
#include "ipc/page/latency.h"
#include "ipc/page/sticky_table.h"

namespace bulkhead::ipc {

// A backend's slot is config::Backend::slot; backends beyond the last slot are not shared.
inline constexpr std::uint32_t max_backend_slots = 512;

// What one acceptor counts of one backend.
struct BackendCell {
  std::atomic<std::uint32_t> in_use;   // connections, those being opened and idle ones included
  std::atomic<std::uint32_t> waiting;  // requests that wait for a place below its limit
};

struct alignas(64) BackendShared {
  LatencyWord latency;
  CircuitWord circuit;
  // The supervisor's: whose slot it is, as name_hash(); 0: nobody's. So that a backend which the
  // configuration does not name any more is found all the same.
  std::atomic<std::uint64_t> name;
};

// Of a backend's name; never 0.
constexpr std::uint64_t name_hash(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const char each : name) hash = (hash ^ static_cast<unsigned char>(each)) * 0x100000001b3;
  return hash == 0 ? 1 : hash;
}

struct BackendPage {
  // The supervisor's: columns from here on have never been used.
  std::atomic<std::uint32_t> columns;
  // The supervisor's: so that nobody outside can choose addresses that hash alike.
  std::atomic<std::uint64_t> seed;
  std::array<BackendShared, max_backend_slots> shared;
  StickyTable sticky;
  std::array<std::array<BackendCell, max_backend_slots>, max_columns> cells;
};

struct BackendUse {
  std::uint32_t in_use = 0, waiting = 0;
};

// The slot of the backend of that name; max_backend_slots if it has none.
inline std::uint32_t slot_of(const BackendPage& page, std::string_view name) {
  const std::uint64_t wanted = name_hash(name);
  std::uint32_t slot = 0;
  while (slot < max_backend_slots && page.shared[slot].name.load() != wanted) ++slot;
  return slot;
}

// Over all acceptors. slot < max_backend_slots.
inline BackendUse use_of(const BackendPage& page, std::uint32_t slot) {
  BackendUse use;
  const std::uint32_t columns = std::min(page.columns.load(), max_columns);
  for (std::uint32_t column = 0; column < columns; ++column) {
    const BackendCell& cell = page.cells[column][slot];
    use.in_use += plausible(cell.in_use.load());
    use.waiting += plausible(cell.waiting.load());
  }
  return use;
}

}  // namespace bulkhead::ipc
