// Counts bytes while they move, so that a long transfer shows in the counters before it ends: of
// one connection or request, towards its protocol and its backend.
#pragma once

#include "workers/acceptor/observe/counters.h"

namespace bulkhead::acceptor {

class LiveBytes {
 public:
  // The record names protocol and backend; it gets to know what was counted (and outlives this), so
  // that Counters::count adds only the rest.
  LiveBytes(Counters& counters, AccessRecord& record)
      : record_(record),
        protocol_(&counters.protocol(ipc::protocol_named(record.protocol)).bytes),
        backend_(&counters.backend(record.backend).bytes) {}

  void up(std::uint64_t bytes) {
    protocol_->up.add(bytes);
    backend_->up.add(bytes);
    record_.counted_received += bytes;
  }
  void down(std::uint64_t bytes) {
    protocol_->down.add(bytes);
    backend_->down.add(bytes);
    record_.counted_sent += bytes;
  }

 private:
  AccessRecord& record_;
  ipc::ByteCounters* protocol_;
  ipc::ByteCounters* backend_;
};

}  // namespace bulkhead::acceptor
