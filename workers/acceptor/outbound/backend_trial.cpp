#include "workers/acceptor/outbound/backend_trial.h"

#include <algorithm>

#include "egress/parent/hops.h"

namespace bulkhead::acceptor {
namespace {

proto::BackendTested refused(const Failure& failure) {
  proto::BackendTested tested;
  tested.reason = failure.reason;
  tested.detail = failure.detail;
  return tested;
}

std::uint32_t count(std::chrono::microseconds time) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(time.count(), 0, UINT32_MAX));
}

}  // namespace

runtime::Task<proto::BackendTested> try_backend(EgressLink& egress, BackendCounters& counters,
                                                std::shared_ptr<const Generation> generation,
                                                proto::TestBackend request) {
  const config::Backend* backend = generation->config->backend(request.backend.value);
  if (backend == nullptr)
    co_return refused(Failure{proto::Refusal::backend_unavailable, "no such backend"});
  if (const auto failure = objection_to(*generation->config, *backend)) co_return refused(*failure);
  proto::BackendTested tested;
  tested.ok = true;
  const bool opens_nothing =
      request.host.value.empty() && egress::hops_of(*generation->config, *backend).empty();
  if (opens_nothing || backend->type == config::BackendType::echo) co_return tested;
  const auto deadline = runtime::Loop::current().after(runtime::Duration(request.timeout_ms));
  OpenRequest ask{generation, backend, {request.host.value, request.port}, false, 0, {}};
  OpenReport report;
  const auto opened = co_await open_upstream(egress, counters, std::move(ask), deadline, report);
  if (!opened) co_return refused(opened.error());
  tested.remote = opened->remote;
  tested.resolve_us = opened->terms.resolve_us;
  tested.connect_us = opened->terms.connect_us;
  tested.handshake_us = count(opened->handshake_time);
  co_return tested;
}

}  // namespace bulkhead::acceptor
