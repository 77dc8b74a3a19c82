#include "workers/egress/health/probe.h"

#include <chrono>

#include "egress/parent/hops.h"
#include "egress/parent/trust.h"
#include "runtime/loop.h"
#include "workers/egress/health/http_check.h"
#include "workers/egress/health/ping.h"

namespace bulkhead::egress_worker {
namespace {

using config::BackendType;
using egress::Failure;
using egress::StreamOutcome;

ProbeResult works_since(runtime::Deadline start) {
  const auto took =
      std::chrono::duration_cast<std::chrono::microseconds>(runtime::Clock::now() - start);
  return {ProbeResult::Verdict::works, static_cast<std::uint32_t>(took.count()), {}};
}

ProbeResult fails(const Failure& failure) {
  std::string problem(to_string(failure.reason));
  if (!failure.detail.empty()) problem += ": " + failure.detail;
  return {ProbeResult::Verdict::fails, 0, std::move(problem)};
}

// Why nothing may go that way: what is not there fails closed, for checks too.
std::string obstacle(const config::Config& config, const config::Backend& backend) {
  const config::Backend* each = &backend;
  for (unsigned depth = 0; each != nullptr && depth <= config::max_via_depth; ++depth) {
    if (!each->unavailable.empty()) return each->unavailable;
    if (each->type == BackendType::wireguard || each->type == BackendType::openvpn)
      return each->name + " is a tunnel, and this version has no tunnel worker";
    if (each->type == BackendType::echo) return each->name + " only echoes";
    each = each->via.empty() ? nullptr : config.backend(each->via);
  }
  return {};
}

std::string via_of(const Generation& generation) {
  return "1.1 " + generation.config->server.via;
}

// A stream to the target; with connect_last false to the last parent. target may be empty then.
runtime::Task<StreamOutcome> open(Generation& generation, const ProbeTrust& trust,
                                  const config::Backend& backend, wire::HostPort target,
                                  bool connect_last, runtime::Deadline deadline) {
  const auto hops = egress::hops_of(*generation.config, backend);
  wire::HostPort first = hops.empty() ? target : hops.front()->proxy->address;
  auto connected = co_await generation.connector.open_parent(std::move(first), deadline);
  if (!connected) co_return tl::unexpected(std::move(connected.error()));
  std::unique_ptr<runtime::Stream> stream =
      std::make_unique<runtime::SocketStream>(std::move(connected->socket));
  if (hops.empty()) co_return stream;
  const std::string via = via_of(generation);
  StreamOutcome through = co_await egress::open_through(hops, std::move(stream), std::move(target),
                                                        connect_last, trust.parents, via, deadline);
  co_return through;
}

runtime::Task<ProbeResult> check_tcp(Generation& generation, const ProbeTrust& trust,
                                     const config::Backend& backend, runtime::Deadline deadline) {
  const auto start = runtime::Clock::now();
  const auto& target = backend.health_check->target;
  wire::HostPort to = target.value_or(wire::HostPort{});
  const StreamOutcome opened =
      co_await open(generation, trust, backend, std::move(to), target.has_value(), deadline);
  co_return opened ? works_since(start) : fails(opened.error());
}

// What the last parent is, if it takes plain requests in absolute form.
const config::ParentProxy* request_parent(const config::Config& config,
                                          const config::Backend& backend) {
  const auto hops = egress::hops_of(config, backend);
  const bool takes = !hops.empty() && hops.back()->type == BackendType::http;
  return takes ? &*hops.back()->proxy : nullptr;
}

runtime::Task<ProbeResult> check_http(Generation& generation, const ProbeTrust& trust,
                                      const config::Backend& backend, runtime::Deadline deadline) {
  const auto start = runtime::Clock::now();
  const config::HealthHttp& http = backend.health_check->http;
  const auto url = parse_check_url(http.url);
  if (!url) co_return fails({proto::Refusal::bad_request, "the URL cannot be asked for"});
  const config::ParentProxy* parent =
      url->secure ? nullptr : request_parent(*generation.config, backend);
  StreamOutcome stream =
      co_await open(generation, trust, backend, url->authority, parent == nullptr, deadline);
  if (stream && url->secure) {
    runtime::TlsClientSettings settings;
    settings.server_name = url->authority.host;
    settings.skip_verification = http.skip_verify;
    const auto context = trust.urls.find(backend.name);
    stream = co_await egress::start_tls(std::move(*stream), context->second, std::move(settings),
                                        deadline);
  }
  if (!stream) co_return fails(stream.error());
  const auto answered = co_await ask_for_status(**stream, *url, parent, deadline);
  if (!answered) co_return fails(answered.error());
  if (*answered == http.expected_status) co_return works_since(start);
  co_return ProbeResult{
      ProbeResult::Verdict::fails, 0,
      "status " + std::to_string(*answered) + ", expected " + std::to_string(http.expected_status)};
}

runtime::Task<ProbeResult> check_ping(Generation& generation, const config::Backend& backend,
                                      runtime::Deadline deadline) {
  std::string host;
  if (backend.health_check->target) host = backend.health_check->target->host;
  if (host.empty() && backend.proxy) host = backend.proxy->address.host;
  auto resolved = co_await generation.resolver->resolve(host, deadline);
  if (!resolved) co_return fails(resolved.error());
  ProbeResult result;
  for (const wire::IpAddress& address : resolved->addresses) {
    result = co_await ping(address, deadline);
    if (result.verdict == ProbeResult::Verdict::works) break;
  }
  co_return result;
}

}  // namespace

std::shared_ptr<const ProbeTrust> make_probe_trust(const config::Config& config,
                                                   std::string& error) {
  auto trust = std::make_shared<ProbeTrust>();
  trust->parents = egress::make_parent_trust(config, error);
  for (const config::Backend& backend : config.backends) {
    if (!error.empty()) return nullptr;
    if (!backend.health_check || !backend.health_check->http.url.starts_with("https")) continue;
    auto context = egress::make_trust(backend.health_check->http.ca, error);
    if (!context) error.insert(0, "backend " + backend.name + ": health_check.http.ca_file: ");
    trust->urls.emplace(backend.name, std::move(context));
  }
  return error.empty() ? trust : nullptr;
}

runtime::Task<ProbeResult> probe(GenerationPtr generation, std::shared_ptr<const ProbeTrust> trust,
                                 std::string name, runtime::Deadline deadline) {
  const config::Backend& backend = *generation->config->backend(name);
  if (std::string why = obstacle(*generation->config, backend); !why.empty()) {
    co_return ProbeResult{ProbeResult::Verdict::impossible, 0, std::move(why)};
  }
  runtime::Task<ProbeResult> check;
  switch (backend.health_check->type) {
    case config::HealthCheckType::tcp:
      check = check_tcp(*generation, *trust, backend, deadline);
      break;
    case config::HealthCheckType::http:
      check = check_http(*generation, *trust, backend, deadline);
      break;
    case config::HealthCheckType::ping:
      check = check_ping(*generation, backend, deadline);
      break;
  }
  ProbeResult result = co_await std::move(check);
  co_return result;
}

}  // namespace bulkhead::egress_worker
