// The acceptor process: see workers/process/worker_process.h for its life and session/session.h for
// what it does.
#include "egress/parent/trust.h"
#include "platform/scheduling.h"
#include "workers/acceptor/service.h"

int main(int argc, char** argv) {
  using namespace bulkhead;
  workers::RoleDescription role;
  role.party = proto::Party::acceptor;
  role.profile = platform::SandboxProfile::acceptor;
  role.empty_network_namespace = true;
  role.message_descriptors = {workers::egress_descriptor, workers::vault_descriptor};
  role.before_sandbox = [](const workers::Arguments&) {
    egress::load_system_certificates();
    // So that a client does not wait for who computes for long on the same core, as the auth
    // worker does with every password.
    platform::take_short_turns();
  };
  return workers::run_worker(argc, argv, role, [](const workers::Arguments& arguments) {
    return std::make_unique<acceptor::AcceptorService>(arguments.index, arguments.holder);
  });
}
