#include "workers/egress/backend_trial.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "runtime/loop.h"

namespace bulkhead::egress_worker {
namespace {

using proto::BackendTested;
using proto::Refusal;
using Hops = std::vector<const config::Backend*>;

std::uint32_t microseconds(runtime::Clock::duration duration) {
  const auto count = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(count, 0, UINT32_MAX));
}

BackendTested refused(const egress::Failure& failure) {
  BackendTested tested;
  tested.reason = failure.reason;
  tested.detail = failure.detail;
  return tested;
}

// The backends from the nearest to the one tested, as `via` names them. Each is checked on its own:
// a chain is as available as its weakest part.
tl::expected<Hops, egress::Failure> hops_to(const config::Config& config, std::string_view name) {
  Hops hops;
  for (unsigned depth = 0; !name.empty(); ++depth) {
    if (depth > config::max_via_depth) {
      return egress::failed(Refusal::backend_unavailable, "too many backends in a chain");
    }
    if (const auto usable = first_hop(config, name, {}); !usable) {
      return tl::unexpected(usable.error());
    }
    const config::Backend* backend = config.backend(name);
    if (backend->type != config::BackendType::direct) hops.push_back(backend);
    name = backend->via;
  }
  std::reverse(hops.begin(), hops.end());
  return hops;
}

// The parents on the way, and with a destination the tunnel through the last one.
runtime::Task<void> shake_hands(GenerationPtr generation, Hops hops, platform::UniqueFd socket,
                                wire::HostPort destination, runtime::Deadline deadline,
                                BackendTested& tested) {
  const auto start = runtime::Clock::now();
  const bool to_destination = !destination.host.empty();
  // Without a destination the last parent is only greeted with TLS, which open_through() does for
  // an HTTP parent that gets requests itself.
  auto stream = co_await egress::open_through(
      hops, std::make_unique<runtime::SocketStream>(std::move(socket)), std::move(destination),
      to_destination, generation->parent_tls, deadline);
  tested.handshake_us = microseconds(runtime::Clock::now() - start);
  tested.ok = stream.has_value();
  if (stream) co_return;
  tested.reason = stream.error().reason;
  tested.detail = stream.error().detail;
}

}  // namespace

runtime::Task<BackendTested> test_backend(GenerationPtr generation, proto::TestBackend request,
                                          runtime::Deadline deadline) {
  const wire::HostPort destination{request.host.value, request.port};
  auto hops = hops_to(*generation->config, request.backend.value);
  if (!hops) co_return refused(hops.error());
  BackendTested tested;
  if (hops->empty() && destination.host.empty()) {
    tested.ok = true;
    co_return tested;
  }
  egress::Connector& connector = generation->connector;
  runtime::Task<egress::Connector::Outcome> opening =
      hops->empty() ? connector.open_tcp(destination, deadline)
                    : connector.open_parent(hops->front()->proxy->address, deadline);
  auto opened = co_await std::move(opening);
  if (!opened) co_return refused(opened.error());
  tested.remote = opened->remote;
  tested.resolve_us = microseconds(opened->resolve_time);
  tested.connect_us = microseconds(opened->connect_time);
  co_await shake_hands(generation, std::move(*hops), std::move(opened->socket), destination,
                       deadline, tested);
  co_return tested;
}

}  // namespace bulkhead::egress_worker
