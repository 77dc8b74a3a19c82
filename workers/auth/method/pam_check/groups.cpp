#include "workers/auth/method/pam_check/groups.h"

#include <grp.h>
#include <pwd.h>

#include "workers/auth/method/method.h"

namespace bulkhead::auth {

std::vector<std::string> groups_of(const std::string& user) {
  const passwd* entry = getpwnam(user.c_str());
  if (entry == nullptr) return {};
  const gid_t primary = entry->pw_gid;
  int count = max_groups;
  std::vector<gid_t> ids(max_groups);
  // Too many: it says how many and has filled in what fits.
  if (getgrouplist(user.c_str(), primary, ids.data(), &count) >= 0)
    ids.resize(static_cast<std::size_t>(count));
  std::vector<std::string> names;
  for (const gid_t id : ids)
    if (const group* found = getgrgid(id)) names.emplace_back(found->gr_name);
  return names;
}

}  // namespace bulkhead::auth
