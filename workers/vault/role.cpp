#include "workers/vault/role.h"

#include <array>

#include "platform/descriptor.h"
#include "proto/administration.h"

namespace bulkhead::vault {
namespace {

// Acceptors bound their own lives; this is for one that does not.
constexpr runtime::Duration longest_orphanhood{3'600'000};
// How long what dead acceptors have left is kept for another supervisor.
constexpr runtime::Duration keep_estates{10'000};

}  // namespace

VaultRole::VaultRole() : vault_(platform::open_files_limit()) {}

void VaultRole::attach(ipc::Channel& control) {
  vault_.on_violation = [&control](std::uint32_t holder, const std::string& reason) {
    proto::AuditEvent event;
    event.kind = "ipc_refused";
    event.actor = "acceptor, holder " + std::to_string(holder);
    event.detail = "vault: " + reason;
    control.send(event);
  };
  control.on<proto::Peer>([this, &control](const proto::Peer& message, ipc::Envelope& envelope) {
    if (message.role == proto::Party::vault)
      return receive(control, std::move(envelope.descriptors.front()));
    vault_.connect(message.index, std::move(envelope.descriptors.front()));
  });
  control.on<proto::Bequeath>([this](const proto::Bequeath& message, ipc::Envelope&) {
    vault_.bequeath(message.from, message.to);
  });
  control.on<proto::Listener>([this](proto::Listener message, ipc::Envelope& envelope) {
    auto socket = at_high_number(std::move(envelope.descriptors.front()));
    if (socket) arrived_.push_back({std::move(message), std::move(socket)});
  });
  control.on<proto::Rendezvous>([this](proto::Rendezvous, ipc::Envelope& envelope) {
    rendezvous_.use(std::move(envelope.descriptors.front()));
  });
  control.on<proto::TakeOver>([this, &control](proto::TakeOver, ipc::Envelope& envelope) {
    runtime::spawn(
        give_what_is_left(control, std::move(envelope.descriptors.front()), envelope.id));
  });
  control.on<proto::QueryVault>([this, &control](proto::QueryVault, ipc::Envelope& envelope) {
    control.send(vault_.state(), {}, envelope.id);
  });
}

void VaultRole::receive(ipc::Channel& control, platform::UniqueFd channel) {
  vault_.receive(std::move(channel), [&control](std::uint32_t holder, const Holdings& holdings) {
    const Pair& pages = *holdings.pages;
    control.send(proto::Estate{holder, static_cast<std::uint32_t>(holdings.flows.size())},
                 std::array{pages[0].get(), pages[1].get()});
  });
}

runtime::Task<void> VaultRole::give_what_is_left(ipc::Channel& control, platform::UniqueFd to,
                                                 std::uint32_t request) {
  const runtime::Gate::Pass pass = waiting_.enter();
  runtime::Task<proto::TakenOver> conveying = vault_.convey_left(std::move(to));
  const proto::TakenOver report = co_await std::move(conveying);
  control.send(report, {}, request);
}

// The acceptors end first, in a time of their own; what they leave is kept for whoever may come.
runtime::Task<bool> VaultRole::orphaned(runtime::Duration) {
  const auto deadline = runtime::Loop::current().after(longest_orphanhood);
  vault_.go_on_alone();
  runtime::CancelScope scope;
  runtime::spawn(await_supervisor(), &scope);
  runtime::Task<void> needed = vault_.unneeded(deadline, keep_estates);
  co_await std::move(needed);
  co_await rendezvous_.quiet(deadline);
  scope.cancel();
  co_await waiting_.empty_uncancelled();
  co_return false;
}

runtime::Task<void> VaultRole::await_supervisor() {
  const runtime::Gate::Pass pass = waiting_.enter();
  co_await rendezvous_.serve();
}

// Called when the acceptors are gone: there is nothing to wait for.
runtime::Task<std::uint32_t> VaultRole::drain(runtime::Deadline) {
  co_await vault_.end();
  co_return vault_.state().flows;
}

}  // namespace bulkhead::vault
