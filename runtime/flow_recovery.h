// What became of one direction of a relay whose process is gone: how far it had come, and where the
// bytes are that it had taken from the sender and not passed on (see runtime/flow_place.h).
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "runtime/copy_memory.h"
#include "runtime/flow_place.h"

namespace bulkhead::runtime {

// A FlowPlace as it was found, in memory that nobody else writes. Nothing in it is trusted.
struct FoundPlace {
  std::uint64_t tag = 0, consumed_base = 0, enqueued_base = 0, moved = 0, pipe = 0, block_at = 0;
  std::uint32_t block_bytes = 0, block = 0;

  static FoundPlace of(const FlowPlace& place);
};

struct Recovery {
  enum class Verdict {
    whole,  // every byte is accounted for
    ended,  // one of the connections has come to its end or broken: nothing can be continued
    torn,   // the bytes do not add up
  };
  Verdict verdict = Verdict::torn;
  std::uint64_t moved = 0;           // bytes passed on
  std::span<const std::byte> bytes;  // on their way, in the remains; or
  std::uint64_t in_pipe = 0;         // on their way, in the pipe
};

// pipe: its read end, if the place names one and it is there; else -1. Changes neither sockets nor
// pipe, so that whoever calls it may die and another do it again. The sockets belong to nobody
// else.
Recovery recover(const FoundPlace& place, int from, int to, int pipe,
                 const CopyMemory::Remains& remains);

// Writes the bases of a direction that has passed on `moved` bytes and holds `held` more. False if
// the kernel does not tell.
bool note_positions(FlowPlace& place, int from, int to, std::uint64_t moved, std::uint64_t held);

}  // namespace bulkhead::runtime
