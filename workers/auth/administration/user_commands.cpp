// user add, remove, list, passwd, groups, enable, disable.
#include <algorithm>
#include <ctime>

#include "workers/auth/administration/commands.h"
#include "workers/auth/method/verdict.h"

namespace bulkhead::auth {
namespace {

using namespace std::chrono_literals;

constexpr auto hashing_time = 30s;

Answer nobody(const std::string& name) {
  return Answer::failure("there is no user \"" + name + "\" in the store");
}

bool acceptable_group(const std::string& group) {
  return acceptable_user(group) && group.size() <= max_group_bytes;
}

bool acceptable_password(const platform::Secret& password) {
  Credential credential;
  credential.user = "x";
  credential.secret = password;
  return password.size() <= max_password_bytes && acceptable(credential);
}

// Nothing with the reason in answer, if it cannot be used or hashed.
std::optional<platform::Secret> hash(const Office& office, const platform::Secret& password,
                                     Answer& answer) {
  if (!acceptable_password(password)) {
    answer = Answer::failure("a password has 1 to 1024 bytes of text on one line");
    return std::nullopt;
  }
  auto hashed = office.places->hash(password, std::chrono::steady_clock::now() + hashing_time);
  if (!hashed || hashed->empty()) {
    answer = Answer::failure("the password could not be hashed, try again");
    return std::nullopt;
  }
  return hashed;
}

proto::UserRow row_of(const Office& office, const std::string& name) {
  proto::UserRow row;
  row.name = name;
  const auto allowance = office.accounts->allowance(name);
  if (allowance) {
    row.own_limits = allowance->own;
    row.limits = to_message(allowance->limits, false);
    row.monthly_quota = static_cast<std::uint64_t>(allowance->limits.monthly_quota);
  }
  row.month_bytes =
      static_cast<std::uint64_t>(office.store->total(name, month_of(today())).value_or(0));
  row.limits.quota_exhausted = row.monthly_quota != 0 && row.month_bytes >= row.monthly_quota;
  row.last_login = static_cast<std::uint64_t>(office.store->last_login(name).value_or(0));
  const auto tokens = office.store->tokens(name);
  row.tokens = tokens ? static_cast<std::uint32_t>(tokens->size()) : 0;
  return row;
}

// Whom another method knows, if the store has limits of his own: no more is known of him here.
std::optional<proto::UserRow> row_of_limits(const Office& office, const std::string& name) {
  proto::UserRow row = row_of(office, name);
  if (!row.own_limits) return std::nullopt;
  row.origin = "elsewhere";
  return row;
}

Answer set_enabled(const Office& office, const proto::AuthCommand& command, bool enabled) {
  const std::string& name = command.user.value;
  if (std::string why = objection_to_name(office, name); !why.empty())
    return Answer::failure(std::move(why));
  const auto done = office.store->set_enabled(name, enabled);
  if (!done) return Answer::failure(done.error());
  if (!*done) return nobody(name);
  Answer answer;
  answer.message = "user \"" + name + (enabled ? "\" enabled" : "\" disabled");
  answer.audit.push_back(event(command, enabled ? "user_enable" : "user_disable"));
  answer.revoked.push_back(revocation(name, !enabled));
  return answer;
}

}  // namespace

Answer add_user(const Office& office, const proto::AuthCommand& command) {
  StoredUser user;
  user.name = command.user.value;
  user.created = std::time(nullptr);
  if (std::string why = objection_to_name(office, user.name); !why.empty())
    return Answer::failure(std::move(why));
  for (const auto& group : command.arguments.items) {
    if (!acceptable_group(group.value)) return Answer::failure("a group's name has 1 to 255 bytes");
    user.groups.push_back(group.value);
  }
  Answer answer;
  if (!command.password.value.empty()) {
    auto hashed = hash(office, command.password.value, answer);
    if (!hashed) return answer;
    user.password_hash = std::move(*hashed);
  }
  const auto added = office.store->add_user(user);
  if (!added) return Answer::failure(added.error());
  if (!*added) return Answer::failure("there is a user \"" + user.name + "\" already");
  answer.message = "user \"" + user.name + "\" added";
  answer.audit.push_back(event(command, "user_add"));
  // Somebody may have tried the name before.
  answer.revoked.push_back(revocation(user.name, false));
  return answer;
}

Answer remove_user(const Office& office, const proto::AuthCommand& command) {
  const std::string& name = command.user.value;
  if (std::string why = objection_to_name(office, name); !why.empty())
    return Answer::failure(std::move(why));
  const auto done = office.store->remove_user(name);
  if (!done) return Answer::failure(done.error());
  if (!*done) return nobody(name);
  Answer answer;
  answer.message = "user \"" + name + "\" removed";
  answer.audit.push_back(event(command, "user_remove"));
  answer.revoked.push_back(revocation(name, true));
  return answer;
}

Answer list_users(const Office& office, const proto::AuthCommand& command) {
  const std::string& wanted = command.user.value;
  Answer answer;
  for (const auto& [name, account] : office.accounts->of_config()) {
    if (!wanted.empty() && wanted != name) continue;
    proto::UserRow row = row_of(office, name);
    row.origin = "config";
    for (const std::string& group : account.groups) row.groups.push(group);
    answer.rows.emplace_back(std::move(row));
  }
  const auto stored = office.store->users();
  if (!stored) return Answer::failure(stored.error());
  for (const StoredUser& user : *stored) {
    if (!wanted.empty() && wanted != user.name) continue;
    if (office.accounts->of_config().contains(user.name)) continue;
    proto::UserRow row = row_of(office, user.name);
    row.origin = "store";
    row.enabled = user.enabled;
    row.created = static_cast<std::uint64_t>(user.created);
    for (const std::string& group : user.groups) row.groups.push(group);
    answer.rows.emplace_back(std::move(row));
  }
  if (wanted.empty() || !answer.rows.empty()) return answer;
  if (auto row = row_of_limits(office, wanted)) answer.rows.emplace_back(std::move(*row));
  return answer;
}

Answer set_password(const Office& office, const proto::AuthCommand& command) {
  const std::string& name = command.user.value;
  if (std::string why = objection_to_name(office, name); !why.empty())
    return Answer::failure(std::move(why));
  Answer answer;
  const auto hashed = hash(office, command.password.value, answer);
  if (!hashed) return answer;
  const auto done = office.store->set_password(name, *hashed);
  if (!done) return Answer::failure(done.error());
  if (!*done) return nobody(name);
  answer.message = "the password of \"" + name + "\" is changed";
  answer.audit.push_back(event(command, "user_password"));
  answer.revoked.push_back(revocation(name, false));
  return answer;
}

// Who leaves a group may lose a way out that running connections use: they end.
Answer change_groups(const Office& office, const proto::AuthCommand& command) {
  const std::string& name = command.user.value;
  if (std::string why = objection_to_name(office, name); !why.empty())
    return Answer::failure(std::move(why));
  std::vector<std::string> add, remove;
  std::string detail;
  for (const auto& item : command.arguments.items) {
    const std::string group = item.value.empty() ? "" : item.value.substr(1);
    if (!acceptable_group(group) || (item.value[0] != '+' && item.value[0] != '-'))
      return Answer::failure("a group's name has 1 to 255 bytes");
    (item.value[0] == '+' ? add : remove).push_back(group);
    detail += (detail.empty() ? "" : " ") + item.value;
  }
  const auto done = office.store->change_groups(name, add, remove);
  if (!done) return Answer::failure(done.error());
  if (!*done) return nobody(name);
  Answer answer = list_users(office, command);
  answer.audit.push_back(event(command, "user_groups", detail));
  answer.revoked.push_back(revocation(name, !remove.empty()));
  return answer;
}

Answer enable_user(const Office& office, const proto::AuthCommand& command) {
  return set_enabled(office, command, true);
}

Answer disable_user(const Office& office, const proto::AuthCommand& command) {
  return set_enabled(office, command, false);
}

}  // namespace bulkhead::auth
