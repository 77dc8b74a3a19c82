// Text that came from elsewhere, made safe for a terminal: what could move the cursor, change
// colours, reorder or hide what is shown appears as an escape.
#pragma once

#include <string>
#include <string_view>

namespace bulkhead::proxyctl {

// Controls (C0, DEL, C1), bidirectional and invisible format characters and octets that are no
// UTF-8 become \n, \t, \xNN or \u{NNNN}; a backslash becomes two, so that nothing can look like an
// escape.
std::string printable(std::string_view text);

// The same for text of several lines: line ends and tabs stay, and so do backslashes.
std::string printable_lines(std::string_view text);

// Code points, which is what a terminal shows for everything but wide and combining characters.
std::size_t display_width(std::string_view printable_text);

}  // namespace bulkhead::proxyctl
