// Who a process runs as. A root supervisor gives each role an unprivileged user of its own; without
// root everything runs as the invoking user.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <tl/expected.hpp>

#include "platform/error.h"

namespace bulkhead::platform {

enum class Role : std::uint8_t { acceptor, egress, tunnel, auth, vault, admin };
std::string_view to_string(Role role);

struct Identity {
  enum class Source {
    packaged_user,  // bulkhead-<role> of the user database
    fallback,       // root, but no such user: an id of the range below, in no user database
    invoking_user,  // not root: nothing to change
  };
  uid_t uid = 0;
  gid_t gid = 0;
  Source source = Source::invoking_user;
  std::string user;  // its name; for fallback the name that is missing; empty when there is none

  std::string to_string()
      const;  // "bulkhead-egress (uid 998)", "uid 64201 (no user bulkhead-egress)", …
};

// Fallback ids are first_fallback_id + role, uid and gid alike.
inline constexpr uid_t first_fallback_id = 64200;

bool is_root();

// Reads the user database: call it before entering a sandbox. A packaged user that is root itself
// is not accepted, the fallback is used instead.
Identity identity_of(Role role);

// Gives up everything but uid and gid, for good: supplementary groups, real, effective and saved
// ids; then proves that root cannot be regained. For an invoking_user does nothing. On an error the
// process may be half changed: exit.
tl::expected<void, Error> become(const Identity& identity);

}  // namespace bulkhead::platform
