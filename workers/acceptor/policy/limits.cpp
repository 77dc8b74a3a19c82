#include "workers/acceptor/policy/limits.h"

#include <chrono>

namespace bulkhead::acceptor {
namespace {

using Access = platform::SharedMapping::Access;
using ipc::LimitScope;
using proto::Refusal;

constexpr std::uint64_t ns_per_second = 1'000'000'000;

std::uint32_t whole_seconds(std::uint64_t nanoseconds) {
  return static_cast<std::uint32_t>((nanoseconds + ns_per_second - 1) / ns_per_second);
}

}  // namespace

std::uint64_t Limits::steady_clock() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                        std::chrono::steady_clock::now().time_since_epoch())
                                        .count());
}

std::string Limits::attach(int descriptor, std::uint32_t column) {
  if (page_ != nullptr || column >= ipc::max_columns) return "a page of limits that has no place";
  auto mapping =
      platform::SharedMapping::map(descriptor, sizeof(ipc::LimitsPage), Access::read_write);
  if (!mapping) return "the page of limits: " + mapping.error().to_string();
  mapping_ = std::move(*mapping);
  page_ = &mapping_.as<ipc::LimitsPage>();
  column_ = column;
  return {};
}

std::string Limits::attach_bans(int descriptor) {
  auto mapping = platform::SharedMapping::map(descriptor, sizeof(ipc::BansPage), Access::read_only);
  if (!mapping) return "the page of bans: " + mapping.error().to_string();
  bans_mapping_ = std::move(*mapping);
  bans_ = &bans_mapping_.as<ipc::BansPage>();
  return {};
}

std::uint64_t Limits::subject(const wire::IpAddress& address) const {
  return ipc::subject_of(page_->secret(), address);
}
std::uint64_t Limits::subject(std::string_view user) const {
  return user.empty() ? 0 : ipc::subject_of(page_->secret(), user);
}

bool Limits::is_banned(std::uint64_t subject) const {
  return bans_->count.load(std::memory_order_relaxed) != 0 &&
         ipc::is_banned(*bans_, subject, now());
}

ipc::RateCell& Limits::cell(std::uint64_t subject, LimitScope scope, std::uint64_t now) {
  return page_->rates.find(ipc::key_of(subject, scope), now);
}

std::optional<Failure> Limits::take(ipc::RateCell& cell, const RateTerms& terms, std::uint64_t now,
                                    Refusal reason) {
  const std::uint64_t wait = ipc::take(cell, now, terms.cost, terms.tolerance);
  if (wait == 0) return std::nullopt;
  return Failure{reason, {}, whole_seconds(wait)};
}

std::optional<Failure> Limits::admit_opening(std::uint64_t address) {
  if (!terms_.opening.limited()) return std::nullopt;
  const std::uint64_t time = now();
  return take(cell(address, LimitScope::opening, time), terms_.opening, time,
              Refusal::connection_rate_ip);
}

// The narrowest scope first; what was charged to a narrow one is given back if a wider one refuses.
std::optional<Failure> Limits::admit_request(std::uint64_t address, std::uint64_t user,
                                             const UserTerms& terms) {
  struct Check {
    bool applies;
    const RateTerms& terms;
    std::uint64_t subject;
    Refusal reason;
  };
  const std::array checks{
      Check{user != 0 && terms.requests.limited(), terms.requests, user, Refusal::rate_limit_user},
      Check{terms_.address_requests.limited(), terms_.address_requests, address,
            Refusal::rate_limit_ip},
      Check{terms_.all_requests.limited(), terms_.all_requests, 0, Refusal::rate_limit_global}};
  std::array<ipc::RateCell*, checks.size()> charged{};
  std::uint64_t time = 0;
  for (std::size_t i = 0; i < checks.size(); ++i) {
    const Check& check = checks[i];
    if (!check.applies) continue;
    if (time == 0) time = now();
    charged[i] = check.subject == 0 ? &page_->all_requests
                                    : &cell(check.subject, LimitScope::requests, time);
    auto refused = take(*charged[i], check.terms, time, check.reason);
    if (!refused) continue;
    for (std::size_t before = 0; before < i; ++before) {
      if (charged[before] != nullptr) ipc::give_back(*charged[before], checks[before].terms.cost);
    }
    return refused;
  }
  return std::nullopt;
}

bool Limits::first_seen(std::uint64_t key, std::uint64_t window) {
  const std::uint64_t time = now();
  return ipc::take(page_->seen.find(key, time), time, window, 0) == 0;
}

bool Limits::exceeds(std::uint64_t key, const RateTerms& terms) {
  if (!terms.limited()) return false;
  const std::uint64_t time = now();
  return ipc::take(page_->rates.find(key, time), time, terms.cost, terms.tolerance) != 0;
}

}  // namespace bulkhead::acceptor
