// The egress process: see workers/process/worker_process.h for its life and
// workers/egress/service.h for what it does.
#include "egress/parent/trust.h"
#include "workers/egress/role.h"

int main(int argc, char** argv) {
  using namespace bulkhead;
  workers::RoleDescription role;
  role.before_sandbox = [](const workers::Arguments&) { egress::load_system_certificates(); };
  role.party = proto::Party::egress;
  role.profile = platform::SandboxProfile::egress;
  return workers::run_worker(argc, argv, role, [](const workers::Arguments&) {
    return std::make_unique<egress_worker::EgressRole>();
  });
}
