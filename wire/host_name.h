// Names in the one form that rules, DNS, the hosts file and parent proxies know. Every comparison
// of names is one of such forms, so what a rule matches is what is resolved.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bulkhead::wire {

// Lower case, A-labels for what is not ASCII (RFC 5891 by way of UTS #46, non-transitional, as
// browsers do it), no trailing dot. Nothing if the result is no host name that is_valid_host()
// accepts, or an address that the text was not (full-width digits, ideographic full stops).
std::optional<std::string> to_ascii_name(std::string_view host);

// Whether name, as to_ascii_name() made it, is domain or below it.
bool is_within(std::string_view name, std::string_view domain);

}  // namespace bulkhead::wire
