#include "runtime/flow_recovery.h"

#include "platform/socket.h"
#include "platform/stream_position.h"

namespace bulkhead::runtime {
namespace {

using Verdict = Recovery::Verdict;

// Where the bytes [from, to) of the stream are. Nothing: nowhere.
bool find(const FoundPlace& place, std::uint64_t from, std::uint64_t to, int pipe,
          const CopyMemory::Remains& remains, Recovery& found) {
  if (to < from) return false;
  if (pipe >= 0) {
    const auto waiting = platform::bytes_in_pipe(pipe);
    if (!waiting) return false;
    if (*waiting != 0) {
      found.in_pipe = *waiting;
      return *waiting == to - from;
    }
  }
  if (place.block != 0 && place.block_at <= from && place.block_at + place.block_bytes == to) {
    const auto block = remains.in_block(place.block, place.block_bytes);
    if (!block.empty()) {
      found.bytes = block.subspan(from - place.block_at);
      return true;
    }
  }
  found.bytes = remains.in_scratch(place.tag, from, to);
  return !found.bytes.empty();
}

}  // namespace

FoundPlace FoundPlace::of(const FlowPlace& place) {
  FoundPlace found;
  found.block = place.block.load(std::memory_order_acquire);
  found.block_bytes = place.block_bytes.load(std::memory_order_relaxed);
  found.block_at = place.block_at.load(std::memory_order_relaxed);
  found.pipe = place.pipe.load(std::memory_order_relaxed);
  found.tag = place.tag;
  found.moved = place.moved;
  found.consumed_base = place.consumed_base;
  found.enqueued_base = place.enqueued_base;
  return found;
}

Recovery recover(const FoundPlace& place, int from, int to, int pipe,
                 const CopyMemory::Remains& remains) {
  Recovery result;
  const auto consumed = platform::consumed_position(from);
  const auto enqueued = platform::enqueued_position(to);
  if (!consumed || !enqueued) return result;
  const std::uint64_t taken = consumed->bytes - place.consumed_base;
  result.moved = enqueued->bytes - place.enqueued_base;
  const bool adds_up =
      taken == result.moved || find(place, result.moved, taken, pipe, remains, result);
  if (adds_up) {
    result.verdict = Verdict::whole;
  } else {
    result.verdict = consumed->closed || enqueued->closed ? Verdict::ended : Verdict::torn;
  }
  return result;
}

bool note_positions(FlowPlace& place, int from, int to, std::uint64_t moved, std::uint64_t held) {
  const auto consumed = platform::consumed_position(from);
  const auto enqueued = platform::enqueued_position(to);
  if (!consumed || !enqueued) return false;
  place.consumed_base = consumed->bytes - (moved + held);
  place.enqueued_base = enqueued->bytes - moved;
  return true;
}

}  // namespace bulkhead::runtime
