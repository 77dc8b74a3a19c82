// A connection to an origin, or to the parent proxy that speaks for it.
#pragma once

#include <memory>
#include <string>

#include "runtime/stream.h"
#include "wire/address.h"
#include "workers/acceptor/outbound/backend_counters.h"

namespace bulkhead::acceptor {

struct Upstream {
  std::unique_ptr<runtime::Stream> stream;
  wire::Endpoint local, remote;
  std::chrono::microseconds connect_time{0};
  BackendCounters::Use use;
};

}  // namespace bulkhead::acceptor
