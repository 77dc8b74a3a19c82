#include "workers/auth/desk/refusal_pace.h"

#include <algorithm>

namespace bulkhead::auth {
namespace {

// Of the times that are kept so many may be longer than the usual one.
constexpr std::size_t outliers = 2;
// The random bit: up to a tenth.
constexpr std::uint32_t jitter_divisor = 10;

}  // namespace

// The longest, but when enough is known not counting single ones that took uncommonly long.
runtime::Duration RefusalPace::Way::usual() const {
  std::array<runtime::Duration, kept> sorted = times;
  const std::size_t known = std::min(count, kept);
  const std::size_t skipped = known == kept ? outliers : 0;
  if (known == 0) return runtime::Duration{0};
  const auto end = sorted.begin() + static_cast<std::ptrdiff_t>(known);
  std::sort(sorted.begin(), end);
  return sorted.at(known - 1 - skipped);
}

void RefusalPace::note(const std::string& way, runtime::Duration took) {
  const bool full = ways_.size() >= max_ways && !ways_.contains(way);
  Way& kept = ways_[full ? std::string() : way];
  kept.times.at(kept.count % Way::kept) = std::min(took, most);
  ++kept.count;
}

runtime::Duration RefusalPace::pace(std::uint32_t random) const {
  runtime::Duration slowest = least;
  for (const auto& [name, way] : ways_) slowest = std::max(slowest, way.usual());
  const auto jitter = static_cast<std::uint32_t>(slowest.count()) / jitter_divisor;
  return slowest + runtime::Duration(random % (jitter + 1));
}

}  // namespace bulkhead::auth
