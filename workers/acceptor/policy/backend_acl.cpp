#include "workers/acceptor/policy/backend_acl.h"

#include <algorithm>

namespace bulkhead::acceptor {

BackendAcl::BackendAcl(const config::Auth& auth) : empty_(auth.native.acl.empty()) {
  for (const config::AuthAcl& entry : auth.native.acl) {
    for (const std::string& backend : entry.backends) {
      if (backend == "*")
        everything_.insert(entry.group);
      else
        groups_of_[backend].insert(entry.group);
    }
  }
}

bool BackendAcl::allows(const User* user, std::string_view backend) const {
  if (empty_ || user == nullptr) return true;
  const auto found = groups_of_.find(backend);
  return std::any_of(user->groups().begin(), user->groups().end(), [&](const std::string& group) {
    return everything_.contains(group) ||
           (found != groups_of_.end() && found->second.contains(group));
  });
}

}  // namespace bulkhead::acceptor
