#include "workers/vault/role.h"

#include "platform/descriptor.h"

namespace bulkhead::vault {

VaultRole::VaultRole() : vault_(platform::open_files_limit()) {}

void VaultRole::attach(ipc::Channel& control) {
  control.on<proto::Peer>([this](const proto::Peer& message, ipc::Envelope& envelope) {
    vault_.connect(message.index, std::move(envelope.descriptors.front()));
  });
  control.on<proto::Bequeath>([this](const proto::Bequeath& message, ipc::Envelope&) {
    vault_.bequeath(message.from, message.to);
  });
  control.on<proto::QueryVault>([this, &control](proto::QueryVault, ipc::Envelope& envelope) {
    control.send(vault_.state(), {}, envelope.id);
  });
}

// Called when the acceptors are gone: there is nothing to wait for.
runtime::Task<std::uint32_t> VaultRole::drain(runtime::Deadline) {
  co_await vault_.end();
  co_return vault_.state().flows;
}

}  // namespace bulkhead::vault
