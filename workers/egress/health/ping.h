// An ICMP echo by a socket that needs no privilege, where the system allows that.
#pragma once

#include "runtime/loop.h"
#include "runtime/task.h"
#include "wire/address.h"
#include "workers/egress/health/tracker.h"

namespace bulkhead::egress_worker {

// impossible where the system has no such sockets or does not give this process one.
runtime::Task<ProbeResult> ping(wire::IpAddress address, runtime::Deadline deadline);

}  // namespace bulkhead::egress_worker
