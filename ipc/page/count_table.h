// How many of something each key has open, over all acceptors, without a lock: a table of keys, and
// for each process a column (ipc/page/columns.h) with its own count for each entry. A key's total
// is the sum over the columns, so what a process counted is undone by zeroing its column.
//
// Who adds first and then looks can never be one of too many: of several that come for the last
// place at once, each sees the others, and some or all are refused.
//
// An entry that nobody counts in may be taken for another key. It is marked as being taken with the
// taker's column while all counts are looked at once more, so that whoever added to it meanwhile is
// not lost: the taker gives it back, or the other sees the mark and adds elsewhere.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "ipc/page/columns.h"

namespace bulkhead::ipc {

inline constexpr std::size_t count_entries = 16'384;
inline constexpr std::uint32_t no_entry = UINT32_MAX;

struct CountColumn {
  std::atomic<std::uint32_t> total;
  std::array<std::atomic<std::uint32_t>, count_entries> counts;
};

struct CountTable {
  std::array<std::atomic<std::uint64_t>, count_entries> keys;
  std::array<CountColumn, max_columns> columns;
};

struct Counted {
  enum class Answer { taken, too_many, no_room };
  Answer answer = Answer::no_room;
  std::uint32_t entry = no_entry;  // if taken
};

// What one process counts, in its own column.
class Counting {
 public:
  // columns: how many have ever been used, kept by the supervisor.
  Counting(CountTable& table, const std::atomic<std::uint32_t>& columns, std::uint32_t column)
      : table_(table), columns_(columns), column_(column) {}

  // One more for a key (a keyed hash, any value), unless there would be more than limit; 0: no
  // limit. no_room: all entries that the key may have are in use; it is counted nowhere.
  Counted add(std::uint64_t key, std::uint32_t limit);
  void remove(std::uint32_t entry);
  std::uint32_t count(std::uint32_t entry) const;

  // The same for all keys together.
  bool add_to_total(std::uint32_t limit);
  void remove_from_total();
  std::uint32_t total() const;

 private:
  std::uint32_t find(std::uint64_t key) const;
  std::uint32_t claim(std::uint64_t key);
  bool is_unused(std::uint32_t entry) const;
  std::uint32_t columns_in_use() const;
  CountColumn& own() { return table_.columns[column_]; }

  CountTable& table_;
  const std::atomic<std::uint32_t>& columns_;
  std::uint32_t column_;
};

// For the supervisor: the process of that column is dead.
void zero_column(CountTable& table, std::uint32_t column);

}  // namespace bulkhead::ipc
