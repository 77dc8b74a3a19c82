// Which groups may use which backends: server.auth.native.acl. An empty list lets everybody use
// all. It is about people: a client of a trusted network that presented nothing is nobody, and is
// held by the rules alone.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "config/server.h"
#include "workers/acceptor/policy/user.h"

namespace bulkhead::acceptor {

class BackendAcl {
 public:
  explicit BackendAcl(const config::Auth& auth);

  bool allows(const User* user, std::string_view backend) const;

 private:
  bool empty_ = true;
  std::set<std::string, std::less<>> everything_;                                     // groups
  std::map<std::string, std::set<std::string, std::less<>>, std::less<>> groups_of_;  // by backend
};

}  // namespace bulkhead::acceptor
