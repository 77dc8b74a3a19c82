// Counts bytes while they move, so that a long transfer shows in the counters before it ends: of
// one connection or request, towards its protocol and its backend.
#pragma once

#include "workers/acceptor/observe/counters.h"

namespace bulkhead::acceptor {

class LiveBytes {
 public:
  // The record names the protocol and, before the first byte, the backend; it gets to know what was
  // counted (and outlives this), so that Counters::count adds only the rest.
  LiveBytes(Counters& counters, AccessRecord& record)
      : counters_(counters),
        record_(record),
        protocol_(&counters.protocol(ipc::protocol_named(record.protocol)).bytes) {}

  void up(std::uint64_t bytes) {
    protocol_->up.add(bytes);
    backend().up.add(bytes);
    record_.counted_received += bytes;
  }
  void down(std::uint64_t bytes) {
    protocol_->down.add(bytes);
    backend().down.add(bytes);
    record_.counted_sent += bytes;
  }

 private:
  // A request may be tried at several before one is settled on.
  ipc::ByteCounters& backend() {
    if (backend_ == nullptr) backend_ = &counters_.backend(record_.backend).bytes;
    return *backend_;
  }

  Counters& counters_;
  AccessRecord& record_;
  ipc::ByteCounters* protocol_;
  ipc::ByteCounters* backend_ = nullptr;
};

}  // namespace bulkhead::acceptor
