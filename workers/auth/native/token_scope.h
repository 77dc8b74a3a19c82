// What a token is good for. A scope is words with a space between them, as in OAuth (RFC
// 6749, 3.3).
#pragma once

#include <string_view>

#include "workers/auth/method/method.h"

namespace bulkhead::auth {

inline constexpr std::string_view scope_proxy = "proxy";  // every protocol
inline constexpr std::string_view scope_http = "http";    // HTTP requests and CONNECT
inline constexpr std::string_view scope_socks = "socks";  // SOCKS5

// One or more of the words above, each at most once.
bool is_scope(std::string_view scope);

// A word that is not known allows nothing.
bool allows(std::string_view scope, Credential::Use use);

}  // namespace bulkhead::auth
