#include "workers/auth/store/sqlite_connection.h"

#include <cstring>
#include <map>
#include <mutex>
#include <sqlite3.h>

namespace bulkhead::auth::sql {
namespace {

constexpr int busy_timeout_ms = 5'000;

// SQLite makes every path absolute by asking where it is; in a sandbox nobody can tell. This file
// system takes names as they are.
int keep_name(sqlite3_vfs*, const char* name, int size, char* out) {
  if (static_cast<int>(std::strlen(name)) + 1 > size) return SQLITE_CANTOPEN;
  std::strcpy(out, name);
  return SQLITE_OK;
}

const char* relative_vfs() {
  static sqlite3_vfs vfs;
  static std::once_flag once;
  std::call_once(once, [] {
    vfs = *sqlite3_vfs_find(nullptr);
    vfs.zName = "bulkhead-relative";
    vfs.xFullPathname = keep_name;
    sqlite3_vfs_register(&vfs, 0);
  });
  return vfs.zName;
}

class SqliteConnection final : public Connection {
 public:
  explicit SqliteConnection(sqlite3* database) : database_(database) {}
  ~SqliteConnection() override {
    for (const auto& [text, statement] : statements_) sqlite3_finalize(statement);
    sqlite3_close(database_);
  }

  tl::expected<Rows, Error> run(std::string_view statement,
                                std::span<const Value> parameters) override;
  tl::expected<void, Error> begin() override { return run_alone("BEGIN IMMEDIATE"); }
  tl::expected<void, Error> commit() override { return run_alone("COMMIT"); }
  void roll_back() override { run_alone("ROLLBACK"); }
  tl::expected<void, Error> back_up(const std::string& path) override {
    const Value target[] = {path};
    const auto done = run("VACUUM INTO $1", target);
    if (!done) return tl::unexpected(done.error());
    return {};
  }
  tl::expected<bool, Error> has_table(const std::string& table) override {
    const Value wanted[] = {table};
    const auto found =
        run("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $1", wanted);
    if (!found) return tl::unexpected(found.error());
    return !found->empty();
  }
  std::string_view name() const override { return "sqlite"; }

  tl::expected<void, Error> run_alone(std::string_view statement) {
    const auto done = run(statement, {});
    if (!done) return tl::unexpected(done.error());
    return {};
  }

 private:
  sqlite3_stmt* prepare(std::string_view text);
  void bind(sqlite3_stmt* statement, std::span<const Value> parameters);
  static Row read(sqlite3_stmt* statement);
  Error error() const {
    const int code = sqlite3_errcode(database_) & 0xff;
    const bool later = code == SQLITE_BUSY || code == SQLITE_LOCKED || code == SQLITE_IOERR ||
                       code == SQLITE_FULL || code == SQLITE_CANTOPEN || code == SQLITE_READONLY;
    return {later, std::string("sqlite: ") + sqlite3_errmsg(database_)};
  }

  sqlite3* database_;
  std::map<std::string, sqlite3_stmt*, std::less<>> statements_;
};

sqlite3_stmt* SqliteConnection::prepare(std::string_view text) {
  const auto found = statements_.find(text);
  if (found != statements_.end()) return found->second;
  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v2(database_, text.data(), static_cast<int>(text.size()), &statement, nullptr);
  if (statement != nullptr) statements_.emplace(text, statement);
  return statement;
}

// $1 is a name to SQLite, which numbers parameters as it meets them.
void SqliteConnection::bind(sqlite3_stmt* statement, std::span<const Value> parameters) {
  for (std::size_t each = 0; each < parameters.size(); ++each) {
    const std::string name = '$' + std::to_string(each + 1);
    const int index = sqlite3_bind_parameter_index(statement, name.c_str());
    if (index == 0) continue;
    if (const auto* number = std::get_if<std::int64_t>(&parameters[each])) {
      sqlite3_bind_int64(statement, index, *number);
    } else if (const auto* text = std::get_if<std::string>(&parameters[each])) {
      sqlite3_bind_text(statement, index, text->data(), static_cast<int>(text->size()),
                        SQLITE_TRANSIENT);
    } else {
      sqlite3_bind_null(statement, index);
    }
  }
}

Row SqliteConnection::read(sqlite3_stmt* statement) {
  Row row;
  for (int column = 0; column < sqlite3_column_count(statement); ++column) {
    switch (sqlite3_column_type(statement, column)) {
      case SQLITE_INTEGER:
        row.emplace_back(std::int64_t{sqlite3_column_int64(statement, column)});
        break;
      case SQLITE_NULL:
        row.emplace_back();
        break;
      default:
        row.emplace_back(
            std::string(reinterpret_cast<const char*>(sqlite3_column_text(statement, column)),
                        static_cast<std::size_t>(sqlite3_column_bytes(statement, column))));
    }
  }
  return row;
}

tl::expected<Rows, Error> SqliteConnection::run(std::string_view text,
                                                std::span<const Value> parameters) {
  sqlite3_stmt* statement = prepare(text);
  if (statement == nullptr) return tl::unexpected(error());
  bind(statement, parameters);
  Rows rows;
  int result = 0;
  while ((result = sqlite3_step(statement)) == SQLITE_ROW) rows.push_back(read(statement));
  const bool failed = result != SQLITE_DONE;
  const Error what = failed ? error() : Error{};
  sqlite3_reset(statement);
  // Copies of what was bound may be secret.
  sqlite3_clear_bindings(statement);
  if (failed) return tl::unexpected(what);
  return rows;
}

}  // namespace

tl::expected<std::unique_ptr<Connection>, Error> open_sqlite(const std::string& path,
                                                             Access access) {
  const bool relative = path.find('/') == std::string::npos;
  sqlite3* database = nullptr;
  const int flags =
      SQLITE_OPEN_FULLMUTEX |
      (access == Access::write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
  const int opened =
      sqlite3_open_v2(path.c_str(), &database, flags, relative ? relative_vfs() : nullptr);
  auto connection = std::make_unique<SqliteConnection>(database);
  if (opened != SQLITE_OK) return tl::unexpected(Error{true, path + ": " + sqlite3_errstr(opened)});
  sqlite3_busy_timeout(database, busy_timeout_ms);
  if (access == Access::read) return connection;
  for (const char* setting :
       {"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON",
        "PRAGMA secure_delete = ON", "PRAGMA temp_store = MEMORY", "PRAGMA trusted_schema = OFF"}) {
    if (auto set = connection->run_alone(setting); !set) return tl::unexpected(set.error());
  }
  return connection;
}

}  // namespace bulkhead::auth::sql
