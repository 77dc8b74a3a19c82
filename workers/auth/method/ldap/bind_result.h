// What a directory's answer to a user's bind means.
#pragma once

#include <string_view>

#include "workers/auth/method/method.h"

namespace bulkhead::auth {

// code: the LDAP result. diagnostic: the directory's words; Active Directory has its own code in
// them ("…, data 533, …"). policy: the error of the password policy response control
// (draft-behera-ldap-password-policy), -1 if there was none. Reason::accepted only for a success
// without a policy error.
Reason reason_of_bind(int code, std::string_view diagnostic, int policy);

}  // namespace bulkhead::auth
