// Tokens, and what users have used.
#include "workers/auth/store/store.h"

namespace bulkhead::auth {
namespace {

// A source that has not been heard of for so long will not send a batch a second time.
constexpr std::int64_t batch_memory = std::int64_t{7} * 86'400;

StoredToken read_token(const sql::Row& row) {
  return {sql::text(row, 0),   sql::text(row, 1),   sql::text(row, 2),
          sql::number(row, 3), sql::number(row, 4), sql::number(row, 5)};
}

}  // namespace

Stored<bool> Store::add_token(const StoredToken& token, const std::string& hash) {
  const Lock lock(mutex_);
  const auto there =
      ask("SELECT 1 FROM tokens WHERE user_name = $1 AND name = $2", {token.user, token.name});
  if (!there) return tl::unexpected(there.error());
  if (!there->empty()) return false;
  const auto done =
      apply({{"INSERT INTO tokens (user_name, name, hash, scope, created, expires, last_used) "
              "VALUES ($1, $2, $3, $4, $5, $6, 0)",
              {token.user, token.name, hash, token.scope, token.created, token.expires}}},
            true);
  if (!done) return tl::unexpected(done.error());
  return true;
}

Stored<bool> Store::remove_token(const std::string& user, const std::string& name) {
  const Lock lock(mutex_);
  const auto there = ask("SELECT 1 FROM tokens WHERE user_name = $1 AND name = $2", {user, name});
  if (!there) return tl::unexpected(there.error());
  if (there->empty()) return false;
  const auto done =
      apply({{"DELETE FROM tokens WHERE user_name = $1 AND name = $2", {user, name}}}, true);
  if (!done) return tl::unexpected(done.error());
  return true;
}

Stored<std::optional<StoredToken>> Store::token(const std::string& hash) {
  const Lock lock(mutex_);
  const auto rows =
      ask("SELECT user_name, name, scope, created, expires, last_used FROM tokens WHERE hash = $1",
          {hash});
  if (!rows) return tl::unexpected(rows.error());
  if (rows->empty()) return std::nullopt;
  return read_token(rows->front());
}

Stored<std::vector<StoredToken>> Store::tokens(const std::string& user) {
  const Lock lock(mutex_);
  const auto rows =
      ask("SELECT user_name, name, scope, created, expires, last_used FROM tokens "
          "WHERE $1 = '' OR user_name = $1 ORDER BY user_name, created, name",
          {user});
  if (!rows) return tl::unexpected(rows.error());
  std::vector<StoredToken> all;
  for (const sql::Row& row : *rows) all.push_back(read_token(row));
  return all;
}

Stored<void> Store::touch_token(const std::string& hash, std::int64_t time) {
  const Lock lock(mutex_);
  return apply({{"UPDATE tokens SET last_used = $2 WHERE hash = $1", {hash, time}}}, false);
}

Stored<void> Store::add_usage(const std::string& source, std::int64_t batch,
                              const std::vector<Usage>& usage, std::int64_t now) {
  const Lock lock(mutex_);
  const auto before = ask("SELECT batch FROM usage_batches WHERE source = $1", {source});
  if (!before) return tl::unexpected(before.error());
  if (!before->empty() && sql::number(before->front(), 0) >= batch) return {};
  std::vector<Change> changes{
      {"INSERT INTO usage_batches (source, batch, seen) VALUES ($1, $2, $3) "
       "ON CONFLICT (source) DO UPDATE SET batch = excluded.batch, seen = excluded.seen",
       {source, batch, now}},
      {"DELETE FROM usage_batches WHERE seen < $1", {now - batch_memory}}};
  for (const Usage& each : usage)
    changes.push_back(
        {"INSERT INTO user_usage (user_name, day, up, down, requests) VALUES ($1, $2, $3, $4, $5) "
         "ON CONFLICT (user_name, day) DO UPDATE SET up = user_usage.up + excluded.up, "
         "down = user_usage.down + excluded.down, "
         "requests = user_usage.requests + excluded.requests",
         {each.user, each.day, each.up, each.down, each.requests}});
  return apply(changes, false);
}

Stored<std::vector<Usage>> Store::usage(const std::string& user, const std::string& from_day) {
  const Lock lock(mutex_);
  const auto rows =
      ask("SELECT user_name, day, up, down, requests FROM user_usage "
          "WHERE ($1 = '' OR user_name = $1) AND day >= $2 ORDER BY day, user_name",
          {user, from_day});
  if (!rows) return tl::unexpected(rows.error());
  std::vector<Usage> all;
  for (const sql::Row& row : *rows)
    all.push_back({sql::text(row, 0), sql::text(row, 1), sql::number(row, 2), sql::number(row, 3),
                   sql::number(row, 4)});
  return all;
}

Stored<std::int64_t> Store::total(const std::string& user, const std::string& month) {
  const Lock lock(mutex_);
  const auto rows =
      ask("SELECT CAST(COALESCE(SUM(up + down), 0) AS BIGINT) FROM user_usage "
          "WHERE user_name = $1 AND day >= $2 AND day <= $3",
          {user, month + "-01", month + "-31"});
  if (!rows) return tl::unexpected(rows.error());
  return rows->empty() ? 0 : sql::number(rows->front(), 0);
}

}  // namespace bulkhead::auth
