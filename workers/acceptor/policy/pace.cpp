#include "workers/acceptor/policy/pace.h"

#include <algorithm>

#include "runtime/meter.h"

namespace bulkhead::acceptor {
namespace {

using ipc::LimitScope;

// A timer may be late by this much without the rate being missed: a busy machine makes it so.
constexpr std::uint64_t savings = 100'000'000;
// A queue longer than this makes the portions smaller.
constexpr std::uint64_t long_queue = 20'000'000;
constexpr std::uint32_t smallest_portion = 1448;

}  // namespace

Pace::Scopes Pace::scopes(std::uint64_t now) {
  Limits& limits = place_.limits();
  const LimitTerms& terms = limits.terms();
  const UserTerms& user = place_.user_terms();
  const bool up = way_ == Way::up;
  const LimitScope direction = up ? LimitScope::up : LimitScope::down;
  const auto find = [&](std::uint64_t subject, LimitScope scope) {
    return &limits.page().rates.find(ipc::key_of(subject, scope), now);
  };
  Scopes scopes;
  if (terms.connection_bytes.limited()) scopes[0] = {&own_, &terms.connection_bytes};
  if (terms.address_bytes.limited())
    scopes[1] = {find(place_.address(), direction), &terms.address_bytes};
  if (place_.user() != 0 && user.bytes.limited())
    scopes[2] = {find(place_.user(), user.bytes_together ? LimitScope::both : direction),
                 &user.bytes};
  if (terms.all_bytes.limited())
    scopes[3] = {up ? &limits.page().all_up : &limits.page().all_down, &terms.all_bytes};
  return scopes;
}

// When the bytes may go.
std::uint64_t Pace::charge(const Scopes& scopes, std::uint64_t bytes, std::uint64_t now) const {
  std::uint64_t start = 0;
  for (const Scope& scope : scopes) {
    if (scope.cell == nullptr) continue;
    start = std::max(start, ipc::reserve(*scope.cell, now, scope.terms->cost_of(bytes), savings));
  }
  return start;
}

void Pace::next_portion() {
  const std::uint64_t now = place_.limits().now();
  const Scopes limiting = scopes(now);
  std::uint32_t largest = UINT32_MAX;
  for (const Scope& scope : limiting) {
    if (scope.cell != nullptr) largest = std::min(largest, scope.terms->portion);
  }
  portion_ = std::clamp(portion_, std::min(smallest_portion, largest), largest);
  start_ = charge(limiting, portion_, now);
  left_ = portion_;
  const bool crowded = start_ > now + long_queue;
  portion_ = crowded ? portion_ / 2 : portion_ * 2;
}

std::size_t Pace::allowance() {
  if (!place_.limits_bytes()) {
    left_ = 0;
    return runtime::Meter::unlimited;
  }
  if (left_ == 0) next_portion();
  return start_ <= place_.limits().now() ? left_ : 0;
}

runtime::Deadline Pace::resume_at() const {
  return runtime::Deadline(std::chrono::nanoseconds(start_));
}

void Pace::took(std::size_t bytes) {
  if (bytes <= left_) {
    left_ -= static_cast<std::uint32_t>(bytes);
    return;
  }
  const std::uint64_t excess = bytes - left_;
  left_ = 0;
  const std::uint64_t now = place_.limits().now();
  charge(scopes(now), excess, now);
}

void Pace::give_back() {
  if (left_ == 0) return;
  const std::uint64_t now = place_.limits().now();
  for (const Scope& scope : scopes(now)) {
    if (scope.cell != nullptr && scope.cell != &own_)
      ipc::give_back(*scope.cell, scope.terms->cost_of(left_));
  }
}

}  // namespace bulkhead::acceptor
