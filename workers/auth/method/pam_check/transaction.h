// One PAM transaction, in a process that does nothing else: see
// workers/auth/method/system/pam_broker.h.
#pragma once

#include <string>

#include "workers/auth/method/system/pam_message.h"

namespace bulkhead::auth {

// Authentication (unless only the account is asked for), then account management, then the groups
// that the system's user database has for the user that the modules settled on. No session is
// opened and no credential is set: nothing is left to undo. services: folder of the service files;
// empty: the system's.
PamReply transact(const PamRequest& request, const platform::Secret& password,
                  const std::string& services);

}  // namespace bulkhead::auth
