// LDAP search filters with values from outside in them (RFC 4515), and what a filter compares.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::auth {

// The value as RFC 4515 section 3 wants it in a filter: every octet that could mean something there
// (parentheses, asterisk, backslash, NUL), and all that is no plain ASCII, as \XX. Whatever the
// value, the filter around it stays what it is.
std::string escape_filter_value(std::string_view value);

// The filter with its %s and %u replaced by the escaped values. The configuration was checked to
// have one of them.
std::string fill_filter(std::string_view filter, std::string_view s, std::string_view u = {});

// (|(…)(…)): what any of the filters finds; a single one as it is.
std::string any_of_filters(const std::vector<std::string>& filters);

// The attribute that is compared with %s, without options and matching rules: "uid" of
// "(&(objectClass=person)(uid=%s))". Empty if there is none to be seen.
std::string compared_attribute(std::string_view filter);

}  // namespace bulkhead::auth
