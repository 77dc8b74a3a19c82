// The auth process: see workers/process/worker_process.h for its life and workers/auth/role.h for
// what it does.
#include <cstdlib>
#include <filesystem>
#include <netdb.h>
#include <sodium.h>

#include "workers/auth/role.h"

namespace {

// Libraries that look at files when they are first used.
void wake_libraries() {
  if (sodium_init() < 0) std::abort();
  // What counts is the configuration: nothing of a user's.
  ::setenv("LDAPNOINIT", "1", 1);
  addrinfo* found = nullptr;
  if (::getaddrinfo("localhost", "443", nullptr, &found) == 0) ::freeaddrinfo(found);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace bulkhead;
  auth::Surroundings surroundings;
  const std::string libexec = std::filesystem::path(argv[0]).parent_path().string();
  workers::RoleDescription role;
  role.party = proto::Party::auth;
  role.profile = platform::SandboxProfile::auth;
  role.before_sandbox = [&](const workers::Arguments& arguments) {
    wake_libraries();
    // PAM's broker keeps the supervisor's user: there is none unless it is needed.
    if (arguments.pam) surroundings = auth::before_sandbox(libexec);
  };
  return workers::run_worker(argc, argv, role, [&](const workers::Arguments& arguments) {
    return std::make_unique<auth::AuthRole>(arguments.state_directory, std::move(surroundings));
  });
}
