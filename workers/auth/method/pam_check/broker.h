// The broker's side: see workers/auth/method/system/pam_broker.h.
#pragma once

#include <string>

namespace bulkhead::auth {

// Serves PamStart messages on the channel until its other end is closed, then kills whatever still
// runs. Each is a new process of `program --once [services]` in a session of its own, with the
// socket that came with the message as descriptor 3 and nothing else. Returns the exit code.
int serve_transactions(int channel, const std::string& program, const std::string& services);

}  // namespace bulkhead::auth
