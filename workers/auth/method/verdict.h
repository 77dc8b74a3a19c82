// Making verdicts, and the checks every credential passes before a method sees it.
#pragma once

#include "workers/auth/method/method.h"

namespace bulkhead::auth {

// A verdict that is not accepted; the outcome follows from the reason.
Verdict refusal(std::string_view method, Reason reason);

// Sorts the groups, drops doubles, those that are too long and those beyond max_groups.
Verdict acceptance(std::string_view method, std::string user, std::vector<std::string> groups);

// False for what is empty, oversize, holds NUL or another control character, or is not UTF-8; a
// token must consist of the characters of RFC 6750's b64token.
bool acceptable(const Credential& credential);
bool acceptable_user(std::string_view user);

}  // namespace bulkhead::auth
