// Where the daemon is found.
#pragma once

#include <string>

namespace bulkhead::proxyctl {

// BULKHEAD_RUNTIME_DIR; else /run/bulkhead for root, $XDG_RUNTIME_DIR/bulkhead,
// /tmp/bulkhead-<uid>.
std::string default_runtime_directory();
std::string control_socket(const std::string& runtime_directory);

// The program to start: ../sbin/bulkhead beside the folder this program really lies in, or
// /usr/sbin/bulkhead.
std::string daemon_program();

}  // namespace bulkhead::proxyctl
