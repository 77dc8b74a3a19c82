// One access log line of each format, newline included. Pure. Whatever a client sent is escaped: no
// line or field can be forged.
#pragma once

#include <string>

#include "config/model.h"
#include "workers/acceptor/observe/access_record.h"

namespace bulkhead::acceptor {

// duration runs from record.began to `now`.
std::string format_line(const config::AccessLog& settings, const AccessRecord& record,
                        std::chrono::steady_clock::time_point now);

// True if the value of that header must not be written.
bool is_masked(const config::AccessLog& settings, std::string_view header);

}  // namespace bulkhead::acceptor
