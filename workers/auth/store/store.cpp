#include "workers/auth/store/store.h"

#include <filesystem>

#include "workers/auth/store/postgres_connection.h"
#include "workers/auth/store/schema.h"
#include "workers/auth/store/sqlite_connection.h"

namespace bulkhead::auth {
namespace {

constexpr const char* sqlite_file = "store.db";

}  // namespace

Store::Store(std::unique_ptr<sql::Connection> connection) : connection_(std::move(connection)) {}

Stored<std::unique_ptr<Store>> Store::open(const platform::Secret& url) {
  auto connection = url.empty() ? sql::open_sqlite(sqlite_file) : sql::open_postgres(url);
  if (!connection) return tl::unexpected(connection.error());
  auto store = std::make_unique<Store>(std::move(*connection));
  const Lock lock(store->mutex_);
  const auto ready = store->ready();
  if (!ready && (url.empty() || !ready.error().unavailable)) return tl::unexpected(ready.error());
  return store;
}

Stored<std::unique_ptr<Store>> Store::rehearse(const platform::Secret& url, bool has_directory) {
  std::error_code ignored;
  const bool new_file =
      url.empty() && (!has_directory || !std::filesystem::exists(sqlite_file, ignored));
  if (!new_file) {
    auto there =
        url.empty() ? sql::open_sqlite(sqlite_file, sql::Access::read) : sql::open_postgres(url);
    if (!there) return tl::unexpected(there.error());
    const auto known = sql::check(**there);
    if (!known && (url.empty() || !known.error().unavailable)) return tl::unexpected(known.error());
  }
  auto memory = sql::open_sqlite(":memory:");
  if (!memory) return tl::unexpected(memory.error());
  return std::make_unique<Store>(std::move(*memory));
}

Stored<void> Store::ready() {
  if (migrated_) return {};
  auto done = sql::migrate(*connection_);
  migrated_ = done.has_value();
  return done;
}

Stored<sql::Rows> Store::ask(std::string_view statement,
                             std::initializer_list<sql::Value> parameters) {
  if (auto done = ready(); !done) return tl::unexpected(done.error());
  return connection_->run(statement, std::span(parameters.begin(), parameters.size()));
}

Stored<void> Store::apply(const std::vector<Change>& changes, bool revise) {
  if (auto done = ready(); !done) return done;
  sql::Transaction transaction(*connection_);
  if (auto begun = transaction.begin(); !begun) return begun;
  for (const Change& change : changes) {
    const auto done = connection_->run(change.statement, change.parameters);
    if (!done) return tl::unexpected(done.error());
  }
  if (revise) {
    const auto raised = connection_->run(
        "INSERT INTO meta (name, value) VALUES ('revision', 1) "
        "ON CONFLICT (name) DO UPDATE SET value = meta.value + 1",
        {});
    if (!raised) return tl::unexpected(raised.error());
  }
  return transaction.commit();
}

Stored<std::int64_t> Store::revision() {
  const Lock lock(mutex_);
  const auto rows = ask("SELECT value FROM meta WHERE name = 'revision'", {});
  if (!rows) return tl::unexpected(rows.error());
  return rows->empty() ? 0 : sql::number(rows->front(), 0);
}

Stored<void> Store::back_up(const std::string& path) {
  const Lock lock(mutex_);
  if (auto done = ready(); !done) return done;
  return connection_->back_up(path);
}

// --- lock-outs ---

Stored<std::vector<StoredLockout>> Store::lockouts() {
  const Lock lock(mutex_);
  const auto rows =
      ask("SELECT kind, subject, failures, last_failure, banned_until FROM lockouts", {});
  if (!rows) return tl::unexpected(rows.error());
  std::vector<StoredLockout> all;
  all.reserve(rows->size());
  for (const sql::Row& row : *rows)
    all.push_back({sql::text(row, 0), sql::text(row, 1), sql::number(row, 2), sql::number(row, 3),
                   sql::number(row, 4)});
  return all;
}

Stored<void> Store::save_lockouts(const std::vector<StoredLockout>& changed,
                                  const std::vector<StoredLockout>& gone) {
  std::vector<Change> changes;
  changes.reserve(changed.size() + gone.size());
  for (const StoredLockout& each : changed)
    changes.push_back(
        {"INSERT INTO lockouts (kind, subject, failures, last_failure, banned_until) "
         "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (kind, subject) DO UPDATE SET "
         "failures = excluded.failures, last_failure = excluded.last_failure, "
         "banned_until = excluded.banned_until",
         {each.kind, each.subject, each.failures, each.last_failure, each.banned_until}});
  for (const StoredLockout& each : gone)
    changes.push_back(
        {"DELETE FROM lockouts WHERE kind = $1 AND subject = $2", {each.kind, each.subject}});
  const Lock lock(mutex_);
  return apply(changes, false);
}

}  // namespace bulkhead::auth
