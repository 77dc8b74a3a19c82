// Users, their groups and limits.
#include <algorithm>

#include "workers/auth/store/store.h"

namespace bulkhead::auth {
namespace {

// Lists are kept as lines: what is in them has no line ends.
std::string join(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += item + '\n';
  return text;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> items;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    items.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return items;
}

StoredUser read_user(const sql::Row& row) {
  StoredUser user;
  user.name = sql::text(row, 0);
  user.password_hash = platform::Secret(sql::text(row, 1));
  user.enabled = sql::number(row, 2) != 0;
  user.created = sql::number(row, 3);
  return user;
}

}  // namespace

Stored<std::vector<std::string>> Store::groups_of(const std::string& user) {
  const auto rows = ask("SELECT group_name FROM user_groups WHERE user_name = $1", {user});
  if (!rows) return tl::unexpected(rows.error());
  std::vector<std::string> groups;
  for (const sql::Row& row : *rows) groups.push_back(sql::text(row, 0));
  std::sort(groups.begin(), groups.end());
  return groups;
}

Stored<std::optional<StoredUser>> Store::user(const std::string& name) {
  const Lock lock(mutex_);
  const auto rows =
      ask("SELECT name, password_hash, enabled, created FROM users WHERE name = $1", {name});
  if (!rows) return tl::unexpected(rows.error());
  if (rows->empty()) return std::nullopt;
  StoredUser user = read_user(rows->front());
  auto groups = groups_of(name);
  if (!groups) return tl::unexpected(groups.error());
  user.groups = std::move(*groups);
  return user;
}

Stored<std::vector<StoredUser>> Store::users() {
  const Lock lock(mutex_);
  const auto rows = ask("SELECT name, password_hash, enabled, created FROM users", {});
  if (!rows) return tl::unexpected(rows.error());
  const auto memberships = ask("SELECT user_name, group_name FROM user_groups", {});
  if (!memberships) return tl::unexpected(memberships.error());
  std::vector<StoredUser> all;
  for (const sql::Row& row : *rows) all.push_back(read_user(row));
  std::sort(all.begin(), all.end(),
            [](const StoredUser& a, const StoredUser& b) { return a.name < b.name; });
  for (const sql::Row& row : *memberships) {
    const std::string name = sql::text(row, 0);
    const auto found = std::lower_bound(
        all.begin(), all.end(), name,
        [](const StoredUser& user, const std::string& n) { return user.name < n; });
    if (found != all.end() && found->name == name) found->groups.push_back(sql::text(row, 1));
  }
  for (StoredUser& user : all) std::sort(user.groups.begin(), user.groups.end());
  return all;
}

Stored<bool> Store::add_user(const StoredUser& user) {
  std::vector<Change> changes{
      {"INSERT INTO users (name, password_hash, enabled, created) VALUES ($1, $2, $3, $4)",
       {user.name, std::string(user.password_hash.reveal()), std::int64_t{user.enabled},
        user.created}}};
  for (const std::string& group : user.groups)
    changes.push_back(
        {"INSERT INTO user_groups (user_name, group_name) VALUES ($1, $2) "
         "ON CONFLICT (user_name, group_name) DO NOTHING",
         {user.name, group}});
  const Lock lock(mutex_);
  const auto there = ask("SELECT 1 FROM users WHERE name = $1", {user.name});
  if (!there) return tl::unexpected(there.error());
  if (!there->empty()) return false;
  if (auto done = apply(changes, true); !done) return tl::unexpected(done.error());
  return true;
}

// The user is there, and the changes are made.
Stored<bool> Store::change_existing(const std::string& name, const std::vector<Change>& changes) {
  const auto there = ask("SELECT 1 FROM users WHERE name = $1", {name});
  if (!there) return tl::unexpected(there.error());
  if (there->empty()) return false;
  if (auto done = apply(changes, true); !done) return tl::unexpected(done.error());
  return true;
}

Stored<bool> Store::remove_user(const std::string& name) {
  const Lock lock(mutex_);
  return change_existing(name, {{"DELETE FROM user_groups WHERE user_name = $1", {name}},
                                {"DELETE FROM tokens WHERE user_name = $1", {name}},
                                {"DELETE FROM user_limits WHERE user_name = $1", {name}},
                                {"DELETE FROM last_logins WHERE user_name = $1", {name}},
                                {"DELETE FROM users WHERE name = $1", {name}}});
}

Stored<bool> Store::set_password(const std::string& name, const platform::Secret& hash) {
  const Lock lock(mutex_);
  return change_existing(name, {{"UPDATE users SET password_hash = $2 WHERE name = $1",
                                 {name, std::string(hash.reveal())}}});
}

Stored<void> Store::replace_hash(const std::string& name, const platform::Secret& old,
                                 const platform::Secret& better) {
  const Lock lock(mutex_);
  return apply({{"UPDATE users SET password_hash = $3 WHERE name = $1 AND password_hash = $2",
                 {name, std::string(old.reveal()), std::string(better.reveal())}}},
               false);
}

Stored<bool> Store::set_enabled(const std::string& name, bool enabled) {
  const Lock lock(mutex_);
  return change_existing(
      name, {{"UPDATE users SET enabled = $2 WHERE name = $1", {name, std::int64_t{enabled}}}});
}

Stored<bool> Store::change_groups(const std::string& name, const std::vector<std::string>& add,
                                  const std::vector<std::string>& remove) {
  std::vector<Change> changes;
  changes.reserve(add.size() + remove.size());
  for (const std::string& group : remove)
    changes.push_back(
        {"DELETE FROM user_groups WHERE user_name = $1 AND group_name = $2", {name, group}});
  for (const std::string& group : add)
    changes.push_back(
        {"INSERT INTO user_groups (user_name, group_name) VALUES ($1, $2) "
         "ON CONFLICT (user_name, group_name) DO NOTHING",
         {name, group}});
  const Lock lock(mutex_);
  return change_existing(name, changes);
}

Stored<void> Store::note_login(const std::string& name, std::int64_t time) {
  const Lock lock(mutex_);
  return apply({{"INSERT INTO last_logins (user_name, time) VALUES ($1, $2) "
                 "ON CONFLICT (user_name) DO UPDATE SET time = excluded.time",
                 {name, time}}},
               false);
}

Stored<std::int64_t> Store::last_login(const std::string& name) {
  const Lock lock(mutex_);
  const auto rows = ask("SELECT time FROM last_logins WHERE user_name = $1", {name});
  if (!rows) return tl::unexpected(rows.error());
  return rows->empty() ? 0 : sql::number(rows->front(), 0);
}

Stored<std::optional<StoredLimits>> Store::limits(const std::string& user) {
  const Lock lock(mutex_);
  const auto rows =
      ask("SELECT requests_per_1000s, burst, bytes_per_second, max_connections, monthly_quota, "
          "domains, "
          "destinations FROM user_limits WHERE user_name = $1",
          {user});
  if (!rows) return tl::unexpected(rows.error());
  if (rows->empty()) return std::nullopt;
  const sql::Row& row = rows->front();
  StoredLimits limits;
  limits.requests_per_1000s = sql::number(row, 0);
  limits.burst = sql::number(row, 1);
  limits.bytes_per_second = sql::number(row, 2);
  limits.max_connections = sql::number(row, 3);
  limits.monthly_quota = sql::number(row, 4);
  limits.domains = split(sql::text(row, 5));
  limits.destinations = split(sql::text(row, 6));
  return limits;
}

Stored<void> Store::set_limits(const std::string& user, const std::optional<StoredLimits>& limits) {
  std::vector<Change> changes{{"DELETE FROM user_limits WHERE user_name = $1", {user}}};
  if (limits)
    changes.push_back(
        {"INSERT INTO user_limits (user_name, requests_per_1000s, burst, bytes_per_second, "
         "max_connections, monthly_quota, domains, destinations) "
         "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
         {user, limits->requests_per_1000s, limits->burst, limits->bytes_per_second,
          limits->max_connections, limits->monthly_quota, join(limits->domains),
          join(limits->destinations)}});
  const Lock lock(mutex_);
  return apply(changes, true);
}

}  // namespace bulkhead::auth
