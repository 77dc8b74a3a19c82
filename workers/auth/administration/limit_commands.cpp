// user limits, user usage.
#include <ctime>

#include "config/load.h"
#include "workers/auth/administration/commands.h"
#include "workers/auth/method/verdict.h"

namespace bulkhead::auth {
namespace {

constexpr std::int64_t most_days = 10'000;

std::string day_before(std::int64_t days) {
  const std::time_t then = std::time(nullptr) - static_cast<std::time_t>(days * 86'400);
  std::tm utc{};
  ::gmtime_r(&then, &utc);
  char text[16];
  const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%d", &utc);
  return {text, size};
}

// Without the place in a text that the administrator has not written.
std::string problem(const config::Diagnostic& diagnostic) {
  std::string text = diagnostic.key + ": " + diagnostic.message;
  if (!diagnostic.hint.empty()) text += " (" + diagnostic.hint + ')';
  return text;
}

}  // namespace

// Of any user: also of those whom other methods know.
Answer change_limits(const Office& office, const proto::AuthCommand& command) {
  const std::string& name = command.user.value;
  if (!acceptable_user(name)) return Answer::failure("that is no user's name");
  std::string yaml;
  for (const auto& part : command.arguments.items) yaml += part.value;
  std::optional<StoredLimits> wanted;
  if (yaml != "default") {
    const auto before = office.accounts->allowance(name);
    if (!before) return Answer::failure(before.error());
    config::UserLimits limits = to_config(before->limits);
    const auto diagnostics = config::read_user_limits(yaml, limits);
    if (config::has_errors(diagnostics)) return Answer::failure(problem(diagnostics.front()));
    wanted = to_stored(limits);
  }
  const auto done = office.store->set_limits(name, wanted);
  if (!done) return Answer::failure(done.error());
  Answer answer;
  answer.message = wanted ? "the limits of \"" + name + "\" are changed"
                          : "\"" + name + "\" has the usual limits again";
  // A slip of the pen, or a user of another method: that is not known here.
  const auto account = office.accounts->find(name);
  if (wanted && account && !*account)
    answer.message += "; nobody of that name is in the store or the configuration";
  answer.audit.push_back(event(command, "user_limits", yaml));
  answer.limits_changed.push_back(name);
  return answer;
}

Answer list_usage(const Office& office, const proto::AuthCommand& command) {
  const auto days = parse_number(argument(command, 0), most_days);
  if (!days) return Answer::failure("not a number of days: " + argument(command, 0));
  const auto usage = office.store->usage(command.user.value, day_before(*days));
  if (!usage) return Answer::failure(usage.error());
  Answer answer;
  for (const Usage& each : *usage) {
    proto::UsageRow row;
    row.user = each.user;
    row.day = each.day;
    row.up = static_cast<std::uint64_t>(each.up);
    row.down = static_cast<std::uint64_t>(each.down);
    row.requests = static_cast<std::uint64_t>(each.requests);
    answer.rows.emplace_back(std::move(row));
  }
  return answer;
}

}  // namespace bulkhead::auth
