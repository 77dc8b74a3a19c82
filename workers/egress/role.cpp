#include "workers/egress/role.h"

#include "ipc/page/flight_recorder.h"
#include "proto/administration.h"
#include "runtime/log.h"

namespace bulkhead::egress_worker {
namespace {

constexpr runtime::Duration beyond_acceptors{5'000};

}  // namespace

void EgressRole::attach(ipc::Channel& control) {
  control_ = &control;
  control.on<proto::Peer>([this](proto::Peer message, ipc::Envelope& envelope) {
    on_peer(message.index, std::move(envelope.descriptors.front()));
  });
}

std::string EgressRole::prepare(std::uint32_t, std::shared_ptr<const config::Config> config,
                                const std::vector<std::uint32_t>&) {
  std::string error;
  prepared_trust_ = make_probe_trust(*config, error);
  if (!error.empty()) return error;
  prepared_ = std::move(config);
  return {};
}

void EgressRole::commit(std::uint32_t) {
  if (!prepared_) return;
  const bool first = service_ == nullptr;
  if (first) {
    service_ = std::make_unique<EgressService>(std::move(prepared_), prober_);
  } else {
    service_->reconfigure(std::move(prepared_));
  }
  prober_.reconfigure(service_->generation(), std::move(prepared_trust_));
  if (!first) return;
  for (auto& [acceptor, socket] : std::exchange(waiting_, {})) on_peer(acceptor, std::move(socket));
}

void EgressRole::abort(std::uint32_t) {
  prepared_.reset();
  prepared_trust_.reset();
}

void EgressRole::page(proto::Page message, platform::UniqueFd memory) {
  if (message.kind != proto::PageKind::health) return;
  const auto opened = prober_.open(memory.get());
  // It goes on; what it finds of the backends is seen by nobody.
  if (!opened) runtime::log::error("the health page", {{"reason", opened.error().to_string()}});
}

void EgressRole::on_peer(std::uint32_t acceptor, platform::UniqueFd socket) {
  if (!service_) {
    waiting_[acceptor] = std::move(socket);
    return;
  }
  ipc::note(ipc::Happening::peer_connected, 0, static_cast<std::uint64_t>(proto::Party::acceptor),
            acceptor);
  auto client = std::make_shared<Client>(std::move(socket));
  if (const auto old = clients_.find(acceptor); old != clients_.end()) old->second->scope.cancel();
  clients_[acceptor] = client;
  runtime::spawn(serve(acceptor, client), &client->scope);
}

runtime::Task<void> EgressRole::serve(std::uint32_t acceptor, std::shared_ptr<Client> client) {
  const runtime::Gate::Pass pass = serving_.enter();
  const ipc::ChannelEnd end = co_await service_->serve(client->channel);
  if (end.violation) {
    runtime::log::error("an acceptor broke the rules",
                        {{"acceptor", acceptor}, {"reason", end.reason}});
    proto::AuditEvent event;
    event.kind = "ipc_refused";
    event.actor = "acceptor." + std::to_string(acceptor);
    event.detail = "egress: " + end.reason;
    control_->send(event);
  }
  const auto current = clients_.find(acceptor);
  if (current != clients_.end() && current->second == client) clients_.erase(current);
}

// The acceptors go on for their patience and drain for as long; without them there is nothing to
// do.
runtime::Task<bool> EgressRole::orphaned(runtime::Duration patience) {
  co_await serving_.empty(runtime::Loop::current().after(2 * patience + beyond_acceptors));
  co_return false;
}

// The acceptors end first; until they have, or the deadline, they are served.
runtime::Task<std::uint32_t> EgressRole::drain(runtime::Deadline deadline) {
  co_await prober_.stop();
  co_await serving_.empty(deadline);
  for (const auto& [acceptor, client] : clients_) client->scope.cancel();
  co_await serving_.empty_uncancelled();
  co_return 0;
}

}  // namespace bulkhead::egress_worker
