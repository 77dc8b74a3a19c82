// What one direction of a relay leaves behind in shared memory, so that another process can go on
// with it when this one has died, at whatever instruction that was.
//
// The truth about a direction is in the kernel: how many bytes were consumed from the sender and
// how many enqueued to the receiver (platform/stream_position.h). The difference is what was on its
// way, and a direction has bytes in one place only: nothing is taken from the sender while anything
// is held. This says which place that can be:
//   pipe     the id of the pipe it has borrowed; written before anything is put into the pipe, and
//            taken back before the pipe is anybody else's
//   block    where in the copy memory it keeps what the receiver did not take; written when the
//            bytes are there, and taken back when the last of them has been passed on
//   scratch  otherwise. The scratch says itself whose it is (runtime/copy_memory.h).
// A value that is left over when there is nothing on the way does no harm: then none is looked at.
//
// One process writes, with plain stores in program order; nobody reads before that process is dead
// or has said that it has let go. Whoever reads checks every number.
#pragma once

#include <atomic>
#include <cstdint>
#include <type_traits>

namespace bulkhead::runtime {

struct FlowPlace {
  std::uint64_t tag = 0;  // of the direction, unique in its copy memory; never 0
  // Kernel positions minus the bytes that the process had counted when it took them.
  std::uint64_t consumed_base = 0, enqueued_base = 0;
  std::uint64_t moved = 0;                 // bytes passed on, as the process counts: for people
  std::atomic<std::uint64_t> pipe{0};      // 0: none
  std::atomic<std::uint64_t> block_at{0};  // stream position of the block's first byte
  std::atomic<std::uint32_t> block_bytes{0};
  std::atomic<std::uint32_t> block{0};  // 0: none

  void keep(std::uint32_t number, std::uint64_t at, std::uint32_t bytes) {
    block_at.store(at, std::memory_order_relaxed);
    block_bytes.store(bytes, std::memory_order_relaxed);
    block.store(number, std::memory_order_release);
  }
  void drop_block() { block.store(0, std::memory_order_release); }
  void lend(std::uint64_t id) { pipe.store(id, std::memory_order_release); }
  void give_back() { pipe.store(0, std::memory_order_release); }
};
static_assert(std::is_standard_layout_v<FlowPlace>);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free && sizeof(FlowPlace) == 56);

}  // namespace bulkhead::runtime
