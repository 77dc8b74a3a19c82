// One direction of a relay between two plain sockets.
//
// How it works. A step either pulls bytes from the sender or pushes on those that are held; nothing
// is pulled while anything is held, which is what passes back-pressure on. Bytes are held in one of
// two places:
//   copying   through the scratch of the thread's copy memory; only what the receiver did not take
//             is kept, in a block of that memory, until it is taken
//   splicing  in a pipe borrowed from the thread's pool, given back as soon as the sender has
//             nothing more
// A flow that has a place in shared memory (flow_place.h) always says there where its bytes are, so
// that they are found when the process dies. That costs two stores a copy, and one when it borrows
// or gives back.
// A flow begins by copying, which is cheapest for short messages. After several large reads in a
// row it splices, and after several small fills of the pipe it copies again; each return makes it
// slower to try splicing once more, so that a sender of many small segments (costly to splice,
// however many there are) is copied nearly always.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "runtime/copy_memory.h"
#include "runtime/flow_place.h"
#include "runtime/pipe_pool.h"
#include "runtime/relay.h"

namespace bulkhead::runtime {

class RawFlow {
 public:
  enum class State {
    wants_read,   // until the sender has bytes
    wants_write,  // until the receiver has room
    yielded,      // could go on, but others must have their turn
    throttled,    // could go on, but its allowance is used up
    ended,        // the sender has ended, and all it sent was passed on
    from_failed,
    to_failed,
  };

  // Streams and counter outlive the flow. Both streams are raw.
  RawFlow(Stream& from, Stream& to, std::uint64_t& count, RelayMode mode)
      : from_(&from),
        to_(&to),
        count_(&count),
        memory_(&CopyMemory::current()),
        mode_(mode),
        splicing_(mode == RelayMode::splice) {}
  // One that goes on where the place's `moved` says.
  RawFlow(Stream& from, Stream& to, FlowPlace& place, RelayMode mode)
      : RawFlow(from, to, place.moved, mode) {
    place_ = &place;
  }

  // From now on it counts in the place, which outlives it, and says there where its bytes are.
  // False if the kernel does not tell how far the streams have come: then it only counts there.
  bool settle_in(FlowPlace& place);
  // What had been taken from the sender by somebody else, and is to be passed on first. Before the
  // first advance(); one of them.
  void hold(std::span<const std::byte> bytes);  // at most CopyMemory::block_bytes
  void hold(PipePool::Loan pipe);
  // Leaves what it holds where the place says it is, for whoever goes on with it.
  void let_go();

  // Moves what can be moved, and says what it waits for.
  State advance();
  // As advance(), but asks the sender's socket even if it is known to be drained: finds the reset
  // that a short read hid.
  State verify();

  // How many bytes may be taken from the sender from now on; without this call any number.
  void allow(std::size_t bytes) { allowance_ = bytes; }
  std::size_t allowance() const { return allowance_; }

  Socket& from() const { return from_->socket(); }
  Socket& to() const { return to_->socket(); }
  void pass_end_on() { to_->shutdown_write(); }
  std::uint64_t moved() const { return *count_; }
  bool verified() const { return !unverified_; }
  bool splicing() const { return splicing_; }

 private:
  enum class Step {
    moved,
    blocked_reading,
    blocked_writing,
    out_of_allowance,
    ended,
    from_failed,
    to_failed
  };

  Step step();
  Step copy();
  Step push_rest();
  Step fill_pipe();
  Step drain_pipe();
  Step wait_for_allowance();
  void keep(std::span<const std::byte> bytes);
  void drop_rest();
  void drop_pipe();
  std::size_t held() const;
  void judge_read(std::size_t bytes);
  void judge_fill(std::size_t asked, std::size_t bytes);
  void copy_from_now_on();

  Stream* from_;
  Stream* to_;
  std::uint64_t* count_;
  FlowPlace* place_ = nullptr;
  CopyMemory* memory_;
  RelayMode mode_;
  bool splicing_;
  bool unverified_ = true;
  std::uint16_t streak_ = 0;    // large reads (copying) or small fills (splicing) in a row
  std::uint16_t patience_ = 4;  // large reads before splicing is tried
  std::size_t allowance_ = Meter::unlimited;
  std::uint32_t rest_bytes_ = 0, rest_taken_ = 0;
  CopyMemory::Block rest_;
  std::optional<PipePool::Loan> pipe_;
};

}  // namespace bulkhead::runtime
