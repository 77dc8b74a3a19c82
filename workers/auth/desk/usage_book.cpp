#include "workers/auth/desk/usage_book.h"

#include <ctime>

#include "runtime/log.h"

namespace bulkhead::auth {

UsageBook::Entered UsageBook::enter(const Office& office, const proto::ReportUsage& report) {
  const std::string day = today();
  std::vector<Usage> usage;
  usage.reserve(report.users.items.size());
  for (const proto::UserTraffic& each : report.users.items)
    usage.push_back({each.user.value, day, static_cast<std::int64_t>(each.up),
                     static_cast<std::int64_t>(each.down),
                     static_cast<std::int64_t>(each.requests)});
  const auto stored =
      office.store->add_usage(std::to_string(report.source),
                              static_cast<std::int64_t>(report.batch), usage, std::time(nullptr));
  Entered entered;
  entered.stored = stored.has_value();
  if (!stored) {
    runtime::log::warn("usage cannot be stored", {{"reason", stored.error().text}});
    return entered;
  }
  for (const Usage& each : usage) {
    const auto allowance = office.accounts->allowance(each.user);
    if (!allowance || allowance->limits.monthly_quota == 0) continue;
    const auto total = office.store->total(each.user, month_of(day));
    if (total && *total >= allowance->limits.monthly_quota) entered.exhausted.insert(each.user);
  }
  return entered;
}

runtime::Task<bool> UsageBook::add(std::shared_ptr<const Office> office,
                                   proto::ReportUsage report) {
  std::function<Entered()> job = [office, report = std::move(report)] {
    return enter(*office, report);
  };
  const auto entered = co_await writer_.run<Entered>(std::move(job));
  if (!entered) co_return false;
  for (const std::string& user : entered->exhausted) {
    if (!exhausted_.insert(user).second) continue;
    runtime::log::info("a monthly quota is used up", {{"user", user}});
    changed_(user);
  }
  co_return entered->stored;
}

void UsageBook::turn_page() {
  const std::string month = month_of(today());
  if (month == month_) return;
  month_ = month;
  const std::set<std::string> before = std::move(exhausted_);
  exhausted_.clear();
  for (const std::string& user : before) changed_(user);
}

}  // namespace bulkhead::auth
