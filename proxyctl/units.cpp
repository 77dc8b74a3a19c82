#include "proxyctl/units.h"

#include <array>
#include <cstdio>
#include <ctime>

namespace bulkhead::proxyctl {
namespace {

std::string two_units(std::uint64_t major, const char* major_unit, std::uint64_t minor,
                      const char* minor_unit) {
  std::string out = std::to_string(major) + major_unit;
  if (minor != 0) out += std::to_string(minor) + minor_unit;
  return out;
}

}  // namespace

std::string short_bytes(std::uint64_t bytes) {
  constexpr std::array units{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return std::to_string(bytes) + " B";
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  // What would be rounded up to 1024 of a unit is 1.0 of the next.
  for (value /= 1024; value >= 1023.5 && unit + 1 < units.size(); value /= 1024) ++unit;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), value < 9.95 ? "%.1f %s" : "%.0f %s", value, units[unit]);
  return text.data();
}

std::string short_microseconds(std::uint64_t microseconds) {
  if (microseconds < 1000) return std::to_string(microseconds) + "us";
  if (microseconds >= 10'000) return short_duration(microseconds / 1000);
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1fms", static_cast<double>(microseconds) / 1000);
  return text.data();
}

std::string iso_time(std::uint64_t unix_ms) {
  const auto seconds = static_cast<std::time_t>(unix_ms / 1000);
  std::tm parts{};
  std::array<char, 32> text{};
  if (gmtime_r(&seconds, &parts) == nullptr ||
      std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
    return {};
  return text.data();
}

std::string short_duration(std::uint64_t milliseconds) {
  if (milliseconds < 1000) return std::to_string(milliseconds) + "ms";
  const std::uint64_t seconds = milliseconds / 1000;
  const std::uint64_t minutes = seconds / 60, hours = minutes / 60, days = hours / 24;
  if (minutes == 0) return std::to_string(seconds) + "s";
  if (hours == 0) return two_units(minutes, "m", seconds % 60, "s");
  if (days == 0) return two_units(hours, "h", minutes % 60, "m");
  return two_units(days, "d", hours % 24, "h");
}

std::string utc_time(std::uint64_t unix_ms) {
  const auto seconds = static_cast<std::time_t>(unix_ms / 1000);
  std::tm parts{};
  std::array<char, 32> text{};
  if (::gmtime_r(&seconds, &parts) == nullptr) return "-";
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), size};
}

}  // namespace bulkhead::proxyctl
