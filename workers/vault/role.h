// The vault as the supervisor sees it. It has no configuration: every generation suits it.
#pragma once

#include "workers/process/worker_process.h"
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
  void commit(std::uint32_t) override {}
  void abort(std::uint32_t) override {}
  runtime::Task<std::uint32_t> drain(runtime::Deadline deadline) override;

 private:
  Vault vault_;
};

}  // namespace bulkhead::vault
