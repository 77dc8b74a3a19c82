// Text as JSON has it (RFC 8259).
#pragma once

#include <string>
#include <string_view>

namespace bulkhead::wire {

// Appends "text" with quotes and escapes. Octets that are no UTF-8 become U+FFFD, so what is
// written always parses; control characters (C0, DEL, C1) and what some readers take for the end of
// a line (U+0085, U+2028, U+2029) are escaped, so it is one line on every terminal and in every
// log.
void append_json_string(std::string& out, std::string_view text);

}  // namespace bulkhead::wire
