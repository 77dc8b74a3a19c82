// The vault as the supervisor sees it. It has no configuration: every generation suits it.
#pragma once

#include <utility>
#include <vector>

#include "runtime/gate.h"
#include "workers/process/worker_process.h"
#include "workers/vault/rendezvous.h"
#include "workers/vault/vault.h"

namespace bulkhead::vault {

class VaultRole final : public workers::Service {
 public:
  VaultRole();

  void attach(ipc::Channel& control) override;
  std::string prepare(std::uint32_t, std::shared_ptr<const config::Config>,
                      const std::vector<std::uint32_t>&) override {
    return {};
  }
  // The listeners that came since the last one are those that are held.
  void commit(std::uint32_t) override { vault_.hold_listeners(std::exchange(arrived_, {})); }
  void abort(std::uint32_t) override { arrived_.clear(); }
  runtime::Task<bool> orphaned(runtime::Duration patience) override;
  runtime::Task<std::uint32_t> drain(runtime::Deadline deadline) override;

 private:
  runtime::Task<void> await_supervisor();
  void receive(ipc::Channel& control, platform::UniqueFd channel);
  runtime::Task<void> give_what_is_left(ipc::Channel& control, platform::UniqueFd to,
                                        std::uint32_t request);

  Vault vault_;
  Rendezvous rendezvous_{vault_};
  std::vector<Vault::Listener> arrived_;
  runtime::Gate waiting_;
};

}  // namespace bulkhead::vault
