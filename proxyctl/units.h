// Quantities in few characters, for people.
#pragma once

#include <cstdint>
#include <string>

namespace bulkhead::proxyctl {

std::string short_bytes(std::uint64_t bytes);                // "512 B", "1.2 MiB", "34 GiB"
std::string short_microseconds(std::uint64_t microseconds);  // "340us", "1.2ms", "3m12s"
std::string iso_time(std::uint64_t unix_ms);                 // "2026-01-02T03:04:05Z"
std::string short_duration(std::uint64_t milliseconds);  // "340ms", "12s", "3m12s", "5h2m", "12d4h"

// RFC 3339, in UTC, of milliseconds since 1970.
std::string utc_time(std::uint64_t unix_ms);

}  // namespace bulkhead::proxyctl
