#include "workers/egress/service.h"

#include <algorithm>
#include <utility>

#include "ipc/page/flight_recorder.h"
#include "proto/command.h"
#include "runtime/loop.h"
#include "workers/egress/udp_client.h"

namespace bulkhead::egress_worker {
namespace {

using Outcome = egress::Connector::Outcome;
using proto::Refusal;

std::uint32_t microseconds(std::chrono::microseconds duration) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(duration.count(), 0, UINT32_MAX));
}

runtime::Deadline deadline_of(const Generation& generation, std::uint32_t timeout_ms) {
  const runtime::Duration asked(timeout_ms);
  return runtime::Loop::current().after(
      timeout_ms == 0 ? generation.config->network.timeouts.connect : asked);
}

void refuse(ipc::Channel& channel, std::uint32_t id, const egress::Failure& failure) {
  ipc::note(ipc::Happening::request_refused, id, static_cast<std::uint64_t>(failure.reason));
  proto::Refused refused;
  refused.reason = failure.reason;
  refused.detail = failure.detail;
  channel.send(refused, {}, id);
}

void answer(ipc::Channel& channel, std::uint32_t id, const Outcome& outcome) {
  if (!outcome) return refuse(channel, id, outcome.error());
  proto::Opened opened;
  opened.local = outcome->local;
  opened.remote = outcome->remote;
  opened.resolve_us = microseconds(outcome->resolve_time);
  opened.connect_us = microseconds(outcome->connect_time);
  ipc::note(ipc::Happening::answered, id, opened.resolve_us, opened.connect_us);
  const int socket = outcome->socket.get();
  channel.send(opened, std::span(&socket, 1), id);
}

runtime::Task<Outcome> open(Generation& generation, const proto::OpenTcp&, FirstHop hop,
                            runtime::Deadline deadline) {
  if (hop.to_parent) return generation.connector.open_parent(std::move(hop.address), deadline);
  return generation.connector.open_tcp(std::move(hop.address), deadline);
}

// Datagrams and listening sockets exist on the direct way alone.
runtime::Task<Outcome> unsuitable() {
  co_return egress::failed(Refusal::backend_unsuitable, "a parent carries TCP connections only");
}

runtime::Task<Outcome> open(Generation& generation, const proto::OpenUdp&, FirstHop hop,
                            runtime::Deadline deadline) {
  if (hop.to_parent) return unsuitable();
  return generation.connector.open_udp(std::move(hop.address), deadline);
}

runtime::Task<Outcome> open(Generation& generation, const proto::BindTcp&, FirstHop hop,
                            runtime::Deadline deadline) {
  if (hop.to_parent) return unsuitable();
  return generation.connector.bind_tcp(std::move(hop.address), deadline);
}

template <typename Request>
runtime::Task<void> serve_opening(ipc::Channel& channel, GenerationPtr generation, Request request,
                                  std::uint32_t id) {
  const runtime::Deadline deadline = deadline_of(*generation, request.timeout_ms);
  auto hop =
      first_hop(*generation->config, request.backend.value, {request.host.value, request.port});
  if (!hop) {
    refuse(channel, id, hop.error());
    co_return;
  }
  runtime::Task<Outcome> opening = open(*generation, request, std::move(*hop), deadline);
  const Outcome outcome = co_await std::move(opening);
  const runtime::CancelScope* scope = co_await runtime::current_scope();
  if (!scope->cancelled()) answer(channel, id, outcome);
}

}  // namespace

EgressService::EgressService(std::shared_ptr<const config::Config> config, Prober& prober)
    : prober_(prober) {
  reconfigure(std::move(config));
}

void EgressService::reconfigure(std::shared_ptr<const config::Config> config) {
  generation_ = std::make_shared<Generation>(std::move(config), generation_.get());
}

runtime::Task<ipc::ChannelEnd> EgressService::serve(ipc::Channel& acceptor) {
  Client client{acceptor, {}};
  register_handlers(client);
  ipc::ChannelEnd end = co_await acceptor.run();
  co_await client.requests.end();
  co_return end;
}

void EgressService::begin(Client& client, std::uint32_t id, runtime::Task<void> work) {
  switch (client.requests.begin(id, std::move(work))) {
    case RequestSet::Begun::yes:
      return;
    case RequestSet::Begun::overloaded:
      return refuse(client.channel, id, {Refusal::overloaded, "too many requests under way"});
    case RequestSet::Begun::id_in_use:
      return client.channel.close("request id " + std::to_string(id) + " is in use");
  }
}

template <typename Request>
void EgressService::on_opening(Client& client) {
  client.channel.on<Request>([this, &client](Request request, ipc::Envelope& envelope) {
    ipc::note(ipc::Happening::asked, envelope.id, static_cast<std::uint64_t>(Request::type));
    begin(client, envelope.id,
          serve_opening(client.channel, generation_, std::move(request), envelope.id));
  });
}

void EgressService::register_handlers(Client& client) {
  ipc::Channel& channel = client.channel;
  on_opening<proto::OpenTcp>(client);
  on_opening<proto::OpenUdp>(client);
  on_opening<proto::BindTcp>(client);
  channel.on<proto::OpenUdpClient>(
      [this, &channel](const proto::OpenUdpClient&, ipc::Envelope& envelope) {
        answer(channel, envelope.id,
               open_udp_client(envelope.descriptors[0].get(), generation_->own_listeners));
      });
  channel.on<proto::PinUdpClient>(
      [this, &channel](const proto::PinUdpClient& pin, ipc::Envelope& envelope) {
        auto& descriptors = envelope.descriptors;
        answer(channel, envelope.id,
               pin_udp_client(descriptors[0].get(), std::move(descriptors[1]), pin.source,
                              generation_->own_listeners));
      });
  channel.on<proto::AdmitPeer>([this, &channel](const proto::AdmitPeer&, ipc::Envelope& envelope) {
    answer(channel, envelope.id,
           admit_peer(std::move(envelope.descriptors[0]), generation_->policy));
  });
  channel.on<proto::BackendReport>([this](proto::BackendReport report, const ipc::Envelope&) {
    prober_.note_traffic(report.backend.value, report.works, std::move(report.detail.value));
  });
  channel.on<proto::Cancel>([&client](const proto::Cancel& cancel, const ipc::Envelope&) {
    client.requests.cancel(cancel.request);
  });
}

}  // namespace bulkhead::egress_worker
