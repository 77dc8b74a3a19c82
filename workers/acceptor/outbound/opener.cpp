#include "workers/acceptor/outbound/opener.h"

#include <algorithm>

#include "egress/parent/chain.h"
#include "ipc/page/flight_recorder.h"

namespace bulkhead::acceptor {
namespace {

using config::BackendType;

bool is_parent(const config::Backend& backend) {
  return backend.type == BackendType::http || backend.type == BackendType::socks5;
}

std::uint32_t milliseconds_until(runtime::Deadline deadline) {
  const auto left =
      std::chrono::duration_cast<runtime::Duration>(deadline - runtime::Clock::now()).count();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(left, 0, UINT32_MAX));
}

// The egress connects to the first parent whatever the host, or to the destination if there is no
// parent.
proto::OpenTcp first_hop(const OpenRequest& request,
                         const std::vector<const config::Backend*>& hops,
                         runtime::Deadline deadline) {
  proto::OpenTcp ask;
  ask.backend = hops.empty() ? request.backend->name : hops.front()->name;
  ask.host = request.destination.host;
  ask.port = request.destination.port;
  ask.timeout_ms = milliseconds_until(deadline);
  return ask;
}

}  // namespace

std::vector<const config::Backend*> hops_of(const config::Config& config,
                                            const config::Backend& backend) {
  std::vector<const config::Backend*> hops;
  const config::Backend* each = &backend;
  for (unsigned depth = 0; each != nullptr && depth <= config::max_via_depth; ++depth) {
    if (is_parent(*each)) hops.push_back(each);
    each = each->via.empty() ? nullptr : config.backend(each->via);
  }
  std::reverse(hops.begin(), hops.end());
  return hops;
}

std::optional<Failure> objection_to(const config::Config& config, const config::Backend& backend) {
  const config::Backend* each = &backend;
  for (unsigned depth = 0; each != nullptr; ++depth) {
    if (depth > config::max_via_depth) {
      return Failure{proto::Refusal::backend_unavailable, "too many backends in a chain"};
    }
    if (!each->unavailable.empty())
      return Failure{proto::Refusal::backend_unavailable, each->unavailable};
    if (each->type == BackendType::wireguard || each->type == BackendType::openvpn) {
      return Failure{proto::Refusal::backend_unavailable, "this version has no tunnel worker"};
    }
    each = each->via.empty() ? nullptr : config.backend(each->via);
  }
  return std::nullopt;
}

bool ends_at_http_parent(const config::Config& config, const config::Backend& backend) {
  const auto hops = hops_of(config, backend);
  return !hops.empty() && hops.back()->type == BackendType::http;
}

runtime::Task<tl::expected<Upstream, Failure>> open_upstream(EgressLink& egress,
                                                             BackendCounters& counters,
                                                             OpenRequest request,
                                                             runtime::Deadline deadline) {
  BackendCount& count = counters.of(request.backend->name);
  const auto hops = hops_of(*request.generation->config, *request.backend);
  const auto began = runtime::Clock::now();
  ipc::note(ipc::Happening::opening, request.connection, hops.size(), milliseconds_until(deadline));
  auto opened = co_await egress.ask(first_hop(request, hops, deadline), deadline);
  if (!opened) {
    count.failed.add(1);
    co_return tl::unexpected(opened.error());
  }
  const auto connected = runtime::Clock::now();
  ipc::note(ipc::Happening::opened, request.connection, opened->terms.resolve_us,
            opened->terms.connect_us);
  std::unique_ptr<runtime::Stream> stream =
      std::make_unique<runtime::SocketStream>(std::move(opened->socket));
  if (!hops.empty()) {
    const bool takes_requests = request.absolute_form && hops.back()->type == BackendType::http;
    const bool connect_last = !takes_requests && !request.destination.host.empty();
    auto through =
        co_await egress::open_through(hops, std::move(stream), request.destination, connect_last,
                                      request.generation->parent_tls, deadline);
    if (!through) {
      count.failed.add(1);
      co_return tl::unexpected(through.error());
    }
    stream = std::move(*through);
  }
  const auto took = [](runtime::Deadline since) {
    return std::chrono::duration_cast<std::chrono::microseconds>(runtime::Clock::now() - since);
  };
  co_return Upstream{
      std::move(stream), opened->terms.local, opened->terms.remote,       opened->terms,
      took(began),       took(connected),     BackendCounters::Use(count)};
}

}  // namespace bulkhead::acceptor
