// The little of JSON that a log line needs.
#pragma once

#include <string>
#include <string_view>

namespace bulkhead::acceptor {

// Appends "text" with quotes and escapes. Octets that are not valid UTF-8 become U+FFFD: a log line
// is always valid JSON.
void append_json_string(std::string& out, std::string_view text);

}  // namespace bulkhead::acceptor
