// Counts that several acceptors share are kept in columns: each process adds and subtracts in its
// own, whoever wants the total sums them up. So what a process counted and can no longer take back
// is undone by zeroing its column, once it is dead.
//
// The supervisor gives each acceptor process, draining ones included, a column that no other living
// one has (supervisor/shared_pages.h).
#pragma once

#include <atomic>
#include <cstdint>

namespace bulkhead::ipc {

inline constexpr std::uint32_t max_columns = 512;
inline constexpr std::uint32_t no_column = UINT32_MAX;

// No count is believed beyond this: a broken process must not make a sum overflow.
inline constexpr std::uint32_t max_count = 1U << 20;

inline std::uint32_t plausible(std::uint32_t count) {
  return count < max_count ? count : 0;
}

}  // namespace bulkhead::ipc
