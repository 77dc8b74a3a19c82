// What every session of this acceptor shares. One object a process; sessions hold a reference.
#pragma once

#include <memory>
#include <unistd.h>

#include "platform/descriptor.h"
#include "workers/acceptor/flows/flow_book.h"
#include "workers/acceptor/flows/flow_keeper.h"
#include "workers/acceptor/generation.h"
#include "workers/acceptor/observe/access_log.h"
#include "workers/acceptor/observe/access_record.h"
#include "workers/acceptor/observe/connection_table.h"
#include "workers/acceptor/observe/counters.h"
#include "workers/acceptor/outbound/backend_counters.h"
#include "workers/acceptor/outbound/balancer.h"
#include "workers/acceptor/outbound/egress_link.h"
#include "workers/acceptor/outbound/upstream_pool.h"
#include "workers/acceptor/policy/abuse_watch.h"
#include "workers/acceptor/policy/authenticator.h"
#include "workers/acceptor/policy/limits.h"
#include "workers/acceptor/policy/memory_watch.h"
#include "workers/acceptor/session/refused.h"

namespace bulkhead::acceptor {

struct Acceptor {
  // The channels: see EgressLink, VaultLink and Authenticator.
  Acceptor(std::uint32_t index, std::uint32_t holder, platform::UniqueFd egress_channel,
           platform::UniqueFd vault_channel, platform::UniqueFd auth_channel)
      : egress(std::move(egress_channel)),
        authenticator(std::move(auth_channel)),
        backends(counters),
        balancer(pool,
                 [this](const config::Backend& backend, bool works, const std::string& detail) {
                   egress.report(backend.name, works, detail);
                 }),
        connections(index, holder, counters, book),
        flows(*this, holder, std::move(vault_channel)) {}

  // The generation in force. A session takes it anew for each request and keeps it for that
  // request's length.
  std::shared_ptr<const Generation> generation;
  EgressLink egress;
  Authenticator authenticator;
  Counters counters;
  BackendCounters backends;
  Limits limits;
  AbuseWatch abuse{limits};
  MemoryWatch memory;
  RefusedCount refused;
  Balancer balancer;
  UpstreamPool pool;  // its connections have places in the balancer's backends
  AccessLog access_log;
  FlowBook book;
  ConnectionTable connections;
  platform::UniqueFd spare = platform::duplicate(STDERR_FILENO);  // see Listening
  FlowKeeper flows;

  // Counts the request and writes its line.
  void record(const Generation& under, const AccessRecord& record);
};

}  // namespace bulkhead::acceptor
