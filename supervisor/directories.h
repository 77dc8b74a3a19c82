// Where the daemon keeps what it needs while it runs (control socket, pid file) and between runs
// (the managed file).
#pragma once

#include <string>

#include "platform/identity.h"
#include "supervisor/options.h"

namespace bulkhead::supervisor {

struct Directories {
  std::string runtime, state, libexec;  // absolute

  std::string control_socket() const { return runtime + "/control.sock"; }
  // Where the vault can be found by a supervisor after this one.
  std::string rendezvous() const { return runtime + "/vault.sock"; }
  std::string pid_file() const { return runtime + "/bulkhead.pid"; }
  std::string managed_file() const { return state + "/managed.yaml"; }
};

// Root: /run/bulkhead and /var/lib/bulkhead; others: XDG. executable: this program's path; the
// workers are beside it in
// ../libexec/bulkhead.
Directories choose_directories(const Options& options, bool root, const std::string& executable,
                               const Environment& environment = process_environment);

// Makes runtime and state where they are missing. Throws std::runtime_error when one cannot be
// made, belongs to somebody else, or may be written by others.
void create_directories(const Directories& directories, bool root);

// A directory below state that belongs to a worker, made and given to its user; if it was another's
// (a role got a user of its own), along with the files in it. An empty string, or why not.
std::string create_worker_directory(const std::string& path, const platform::Identity& identity);

}  // namespace bulkhead::supervisor
