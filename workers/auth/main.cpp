// The auth process: see workers/process/worker_process.h for its life and workers/auth/role.h for
// what it does.
#include <cstdlib>
#include <filesystem>
#include <sodium.h>

#include "platform/scheduling.h"
#include "workers/auth/role.h"

int main(int argc, char** argv) {
  using namespace bulkhead;
  auth::Surroundings surroundings;
  const std::string libexec = std::filesystem::path(argv[0]).parent_path().string();
  workers::RoleDescription role;
  role.party = proto::Party::auth;
  role.profile = platform::SandboxProfile::auth;
  role.before_sandbox = [&](const workers::Arguments& arguments) {
    if (sodium_init() < 0) std::abort();
    platform::let_session_give_way(auth::login_niceness);
    auth::wake_libraries();
    // PAM's broker keeps the supervisor's user: there is none unless it is needed.
    if (arguments.pam) surroundings = auth::start_pam(libexec);
    surroundings.trial = arguments.trial;
    surroundings.has_directory = !arguments.state_directory.empty();
  };
  return workers::run_worker(argc, argv, role, [&](const workers::Arguments& arguments) {
    return std::make_unique<auth::AuthRole>(arguments.state_directory, std::move(surroundings));
  });
}
