// The groups of a user of the system.
#pragma once

#include <string>
#include <vector>

namespace bulkhead::auth {

// Names of the primary and all other groups, as many as max_groups; none if there is no such user.
// Reads the user database (NSS), which may load modules and ask servers: for throw-away processes.
std::vector<std::string> groups_of(const std::string& user);

}  // namespace bulkhead::auth
