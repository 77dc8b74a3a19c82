// Names in the form that DNS, the hosts file and parent proxies know.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bulkhead::egress {

// Lower case, A-labels for what is not ASCII (UTS #46, non-transitional, as browsers do it), no
// trailing dot. Nothing if it is no host name that wire::is_valid_host() accepts.
std::optional<std::string> to_ascii_name(std::string_view host);

// Whether name, as to_ascii_name() made it, is domain or below it.
bool is_within(std::string_view name, std::string_view domain);

}  // namespace bulkhead::egress
