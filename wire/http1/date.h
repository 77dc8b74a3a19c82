// Date (RFC 9110 section 6.6.1): who forwards a response that has none, or answers itself, says
// when.
#pragma once

#include <ctime>
#include <string>
#include <string_view>

namespace bulkhead::wire::http1 {

// IMF-fixdate (RFC 9110 section 5.6.7), in the C locale's names whatever the process' is.
std::string date_text(std::time_t time);

// Now. Valid until the thread calls again; made once a second.
std::string_view current_date();

}  // namespace bulkhead::wire::http1
