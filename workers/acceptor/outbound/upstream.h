// A connection to an origin, or to the parent proxy that speaks for it.
#pragma once

#include <memory>
#include <string>

#include "proto/opening.h"
#include "runtime/stream.h"
#include "wire/address.h"
#include "workers/acceptor/outbound/backend_counters.h"
#include "workers/acceptor/outbound/shared_backends.h"

namespace bulkhead::acceptor {

struct Upstream {
  std::unique_ptr<runtime::Stream> stream;
  wire::Endpoint local, remote;
  proto::Opened terms;  // of the first socket
  std::chrono::microseconds connect_time{
      0};  // all of it: resolving, connecting, speaking to parents
  std::chrono::microseconds handshake_time{0};  // the last of these
  BackendCounters::Use use;
  Place place;
};

}  // namespace bulkhead::acceptor
