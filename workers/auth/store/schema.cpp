#include "workers/auth/store/schema.h"

#include <array>

namespace bulkhead::auth::sql {
namespace {

struct Step {
  std::int64_t version;
  std::string_view statement;
};

// Only ever appended to: what has been released is never changed. Times are seconds since 1970
// unless the name says milliseconds; 0 is never. Users of tokens, limits and usage need not be in
// users: they may come from the configuration or a directory.
constexpr std::array steps{
    Step{1, R"sql(CREATE TABLE users (
  name TEXT PRIMARY KEY,
  password_hash TEXT NOT NULL,
  enabled BIGINT NOT NULL,
  created BIGINT NOT NULL))sql"},
    Step{1, R"sql(CREATE TABLE user_groups (
  user_name TEXT NOT NULL REFERENCES users(name) ON DELETE CASCADE,
  group_name TEXT NOT NULL,
  PRIMARY KEY (user_name, group_name)))sql"},
    Step{1, R"sql(CREATE TABLE tokens (
  user_name TEXT NOT NULL,
  name TEXT NOT NULL,
  hash TEXT NOT NULL UNIQUE,
  scope TEXT NOT NULL,
  created BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  last_used BIGINT NOT NULL,
  PRIMARY KEY (user_name, name)))sql"},
    Step{1, R"sql(CREATE TABLE user_limits (
  user_name TEXT PRIMARY KEY,
  requests_per_1000s BIGINT NOT NULL,
  burst BIGINT NOT NULL,
  bytes_per_second BIGINT NOT NULL,
  max_connections BIGINT NOT NULL,
  monthly_quota BIGINT NOT NULL,
  domains TEXT NOT NULL,
  destinations TEXT NOT NULL))sql"},
    Step{1, R"sql(CREATE TABLE user_usage (
  user_name TEXT NOT NULL,
  day TEXT NOT NULL,
  up BIGINT NOT NULL,
  down BIGINT NOT NULL,
  requests BIGINT NOT NULL,
  PRIMARY KEY (user_name, day)))sql"},
    Step{1, R"sql(CREATE TABLE usage_batches (
  source TEXT PRIMARY KEY,
  batch BIGINT NOT NULL,
  seen BIGINT NOT NULL))sql"},
    Step{1, R"sql(CREATE TABLE lockouts (
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  failures BIGINT NOT NULL,
  last_failure BIGINT NOT NULL,
  banned_until BIGINT NOT NULL,
  PRIMARY KEY (kind, subject)))sql"},
    Step{1, R"sql(CREATE TABLE audit (
  number BIGINT PRIMARY KEY,
  time_ms BIGINT NOT NULL,
  kind TEXT NOT NULL,
  actor TEXT NOT NULL,
  subject TEXT NOT NULL,
  address TEXT NOT NULL,
  detail TEXT NOT NULL,
  hash TEXT NOT NULL))sql"},
    Step{1, R"sql(CREATE TABLE last_logins (
  user_name TEXT PRIMARY KEY,
  time BIGINT NOT NULL))sql"},
};

tl::expected<void, Error> do_all(Connection& connection, std::string_view statement,
                                 std::span<const Value> parameters = {}) {
  const auto done = connection.run(statement, parameters);
  if (!done) return tl::unexpected(done.error());
  return {};
}

// 0: it is new.
tl::expected<std::int64_t, Error> version_of(Connection& connection) {
  const auto marked = connection.has_table("meta");
  if (!marked) return tl::unexpected(marked.error());
  if (!*marked) return 0;
  const auto rows = connection.run("SELECT value FROM meta WHERE name = 'schema'", {});
  if (!rows) return tl::unexpected(rows.error());
  const std::int64_t version = rows->empty() ? 0 : number(rows->front(), 0);
  if (version > newest_version())
    return tl::unexpected(Error{false, "the store was made by a newer version of this program"});
  return version;
}

}  // namespace

tl::expected<void, Error> check(Connection& connection) {
  const auto version = version_of(connection);
  if (!version) return tl::unexpected(version.error());
  return {};
}

std::int64_t newest_version() {
  return steps.back().version;
}

tl::expected<void, Error> migrate(Connection& connection) {
  return migrate_to(connection, newest_version());
}

tl::expected<void, Error> migrate_to(Connection& connection, std::int64_t wanted) {
  Transaction transaction(connection);
  if (auto begun = transaction.begin(); !begun) return begun;
  const auto version = version_of(connection);
  if (!version) return tl::unexpected(version.error());
  if (auto made = do_all(connection,
                         "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value BIGINT NOT "
                         "NULL)");
      !made)
    return made;
  for (const Step& step : steps) {
    if (step.version <= *version || step.version > wanted) continue;
    if (auto done = do_all(connection, step.statement); !done) return done;
  }
  const Value now[] = {std::max(*version, wanted)};
  if (auto noted = do_all(connection,
                          "INSERT INTO meta (name, value) VALUES ('schema', $1) "
                          "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                          now);
      !noted)
    return noted;
  return transaction.commit();
}

}  // namespace bulkhead::auth::sql
