// The vault process: see workers/process/worker_process.h for its life and workers/vault/vault.h
// for what it does.
#include "workers/vault/role.h"

int main(int argc, char** argv) {
  using namespace bulkhead;
  workers::RoleDescription role;
  role.party = proto::Party::vault;
  role.profile = platform::SandboxProfile::vault;
  role.empty_network_namespace = true;
  return workers::run_worker(argc, argv, role, [](const workers::Arguments&) {
    return std::make_unique<vault::VaultRole>();
  });
}
