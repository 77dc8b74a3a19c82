#include "workers/acceptor/outbound/opener.h"

#include <algorithm>
#include <array>

#include "egress/parent/chain.h"
#include "egress/parent/hops.h"
#include "ipc/page/flight_recorder.h"

namespace bulkhead::acceptor {
namespace {

using config::BackendType;

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

// Of the first socket: a parent's address is the backend's, a destination's is the client's wish.
OpenReport::AtFault fault_of_first(proto::Refusal reason, bool to_parent) {
  using enum proto::Refusal;
  static constexpr std::array unreachable{name_not_found,     dns_failed,          dns_timeout,
                                          connection_refused, network_unreachable, host_unreachable,
                                          connect_timeout,    connection_reset};
  const bool says_something =
      std::find(unreachable.begin(), unreachable.end(), reason) != unreachable.end();
  return to_parent && says_something ? OpenReport::AtFault::backend : OpenReport::AtFault::nobody;
}

// What the client wanted may be there all the same: what could not be reached is on the way.
Failure unreachable_parent(const config::Backend& parent, const Failure& failure) {
  return {proto::Refusal::parent_unreachable,
          parent.name + ": " + std::string(to_string(failure.reason)) +
              (failure.detail.empty() ? "" : ": ") + failure.detail};
}

// A parent that was asked and is silent, or hangs up, may do so because of the destination.
OpenReport::AtFault fault_of_parent(proto::Refusal reason, const egress::ChainProgress& progress) {
  using enum proto::Refusal;
  if (reason == shutting_down || reason == bad_request) return OpenReport::AtFault::nobody;
  if (!progress.asked || reason == parent_authentication_failed)
    return OpenReport::AtFault::backend;
  static constexpr std::array answers{parent_refused, connection_refused, network_unreachable,
                                      host_unreachable};
  const bool answered = std::find(answers.begin(), answers.end(), reason) != answers.end();
  return answered ? OpenReport::AtFault::destination : OpenReport::AtFault::nobody;
}

}  // namespace

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
  const auto hops = egress::hops_of(config, backend);
  return !hops.empty() && hops.back()->type == BackendType::http;
}

runtime::Task<tl::expected<Upstream, Failure>> open_upstream(EgressLink& egress,
                                                             BackendCounters& counters,
                                                             OpenRequest request,
                                                             runtime::Deadline deadline,
                                                             OpenReport& report) {
  BackendCount& count = counters.of(request.backend->name);
  const auto hops = egress::hops_of(*request.generation->config, *request.backend);
  const auto began = runtime::Clock::now();
  ipc::note(ipc::Happening::opening, request.connection, hops.size(), milliseconds_until(deadline));
  auto opened = co_await egress.ask(first_hop(request, hops, deadline), deadline);
  if (!opened) {
    count.failed.add(1);
    report.at_fault = fault_of_first(opened.error().reason, !hops.empty());
    if (report.at_fault != OpenReport::AtFault::backend) co_return tl::unexpected(opened.error());
    co_return tl::unexpected(unreachable_parent(*hops.front(), opened.error()));
  }
  report.reached = std::chrono::microseconds(opened->terms.connect_us);
  const auto connected = runtime::Clock::now();
  ipc::note(ipc::Happening::opened, request.connection, opened->terms.resolve_us,
            opened->terms.connect_us);
  std::unique_ptr<runtime::Stream> stream =
      std::make_unique<runtime::SocketStream>(std::move(opened->socket));
  if (!hops.empty()) {
    const bool takes_requests = request.absolute_form && hops.back()->type == BackendType::http;
    const bool connect_last = !takes_requests && !request.destination.host.empty();
    egress::ChainProgress progress;
    std::string via = std::move(request.came_via);
    if (!via.empty()) via += ", ";
    via.append("1.1 ").append(request.generation->config->server.via);
    auto through =
        co_await egress::open_through(hops, std::move(stream), request.destination, connect_last,
                                      request.generation->parent_tls, via, deadline, &progress);
    if (!through) {
      count.failed.add(1);
      report.at_fault = fault_of_parent(through.error().reason, progress);
      co_return tl::unexpected(through.error());
    }
    stream = std::move(*through);
    const std::chrono::microseconds resolving(opened->terms.resolve_us);
    report.reached =
        std::chrono::duration_cast<std::chrono::microseconds>(progress.reached - began) - resolving;
  }
  const auto took = [](runtime::Deadline since) {
    return std::chrono::duration_cast<std::chrono::microseconds>(runtime::Clock::now() - since);
  };
  co_return Upstream{
      std::move(stream), opened->terms.local, opened->terms.remote,        opened->terms,
      took(began),       took(connected),     BackendCounters::Use(count), {}};
}

}  // namespace bulkhead::acceptor
