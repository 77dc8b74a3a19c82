// What of the configuration a worker may know, as YAML text for its sealed memfd. Settings a role
// has no business with are absent and read as defaults; secrets are in clear, so the text is as
// secret as what it holds.
//
//   acceptor  no password hash, no directory secret, no tunnel credential. Parents' credentials and
//   CAs (it speaks to
//             parents itself), the contents of files instead of their paths (it has no files).
//   egress    resolver, time-outs, destination policy, own listeners, backends' names, types and
//   addresses. No
//             credential of anybody, but the logins to the parents that an active health check goes
//             through.
//   tunnel    backends with their VPN settings.
//   auth      server.auth whole.
//   vault     nothing.
//   admin     what show() shows, without any secret.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "config/load.h"

namespace bulkhead::config {

enum class Role : std::uint8_t { acceptor, egress, tunnel, auth, vault, admin };

std::string project(const Config& config, Role role);

// The same configuration with a keyed hash in the place of each secret: for who has to tell one
// from the next, and has no business with what they are. The key is this process' own.
std::shared_ptr<const Config> without_secrets(const Config& config);

// Reads what project() wrote: no environment, no files, no cross-checks (the supervisor made them).
LoadResult load_projection(std::string_view text);

}  // namespace bulkhead::config
