// Text as JSON has it (RFC 8259).
#pragma once

#include <string>
#include <string_view>

namespace bulkhead::wire {

// Appends "text" with quotes and escapes. Octets that are no UTF-8 become U+FFFD, so what is
// written always parses; what could deceive a reader is escaped (is_deceptive() in utf8.h), so it
// is one line on every terminal and in every log, and shows as what it is.
void append_json_string(std::string& out, std::string_view text);

}  // namespace bulkhead::wire
