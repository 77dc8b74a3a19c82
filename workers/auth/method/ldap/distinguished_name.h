// Comparing DNs that were written by different hands.
#pragma once

#include <string>
#include <string_view>

namespace bulkhead::auth {

// One spelling for DNs that differ in case (ASCII), in spaces around and between words, in escapes
// and in the order of a multi-valued RDN. Case of other letters counts: what we cannot fold is
// taken as different, so it lets nobody in. Empty for what is no DN.
std::string normalised_dn(std::string_view dn);

// Whether it looks like a DN rather than a name: "cn=x,dc=y".
bool is_dn(std::string_view text);

}  // namespace bulkhead::auth
