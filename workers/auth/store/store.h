// What the auth worker remembers: users, tokens, groups, limits, usage, lock-outs, the audit log.
//
// Thread-safe, and blocking: for the threads of the pool. Every call is one transaction. Nothing
// throws; an error whose `unavailable` is set may be tried again later. Names and texts are valid
// UTF-8 without control characters (see method/verdict.h); the store does not check them again.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "platform/secret.h"
#include "proto/administration.h"
#include "workers/auth/store/sql.h"

namespace bulkhead::auth {

using StoreError = sql::Error;
template <typename T>
using Stored = tl::expected<T, StoreError>;

// Times are seconds since 1970; 0: never.
struct StoredUser {
  std::string name;
  platform::Secret password_hash;  // empty: no password will do, only tokens
  bool enabled = true;
  std::int64_t created = 0;
  std::vector<std::string> groups;  // sorted
};

struct StoredToken {
  std::string user, name, scope;
  std::int64_t created = 0, expires = 0, last_used = 0;
};

// 0 or empty: no limit.
struct StoredLimits {
  std::int64_t requests_per_1000s = 0, burst = 0, bytes_per_second = 0, max_connections = 0;
  std::int64_t monthly_quota = 0;  // bytes
  std::vector<std::string> domains, destinations;
  friend bool operator==(const StoredLimits&, const StoredLimits&) = default;
};

struct Usage {
  std::string user, day;  // day: 2026-01-31, UTC
  std::int64_t up = 0, down = 0, requests = 0;
};

struct StoredLockout {
  std::string kind, subject;
  std::int64_t failures = 0, last_failure = 0, banned_until = 0;
};

// Something for the audit log; its number and hash come from the store.
struct AuditEntry {
  std::int64_t time_ms = 0;
  std::string kind, actor, subject, address, detail;
};

// Where the audit log ends: the last entry's number and hash.
struct AuditHead {
  std::int64_t entries = 0;
  std::string hash;
};

class Store {
 public:
  explicit Store(std::unique_ptr<sql::Connection> connection);

  // Opens the store that the URL names, in SQLite's case a file where the process stands, and
  // brings it up to date. A PostgreSQL server that is not there is no error: it is found later.
  static Stored<std::unique_ptr<Store>> open(const platform::Secret& url);

  // Whether open() would do, found out without changing anything. What is returned is another,
  // empty store, in memory: for a worker that is started to see whether it could be.
  // has_directory: the process stands where the file would be; else there is none yet.
  static Stored<std::unique_ptr<Store>> rehearse(const platform::Secret& url, bool has_directory);

  // --- users ---
  Stored<bool> add_user(const StoredUser& user);      // false: there is one
  Stored<bool> remove_user(const std::string& name);  // and all that is the user's, but usage
  Stored<std::optional<StoredUser>> user(const std::string& name);
  Stored<std::vector<StoredUser>> users();
  // These three: false if there is no such user.
  Stored<bool> set_password(const std::string& name, const platform::Secret& hash);
  Stored<bool> set_enabled(const std::string& name, bool enabled);
  Stored<bool> change_groups(const std::string& name, const std::vector<std::string>& add,
                             const std::vector<std::string>& remove);
  // Another hash of the same password, if that is still the one.
  Stored<void> replace_hash(const std::string& name, const platform::Secret& old,
                            const platform::Secret& better);
  Stored<void> note_login(const std::string& name, std::int64_t time);
  Stored<std::int64_t> last_login(const std::string& name);

  // --- limits, of any user ---
  Stored<std::optional<StoredLimits>> limits(const std::string& user);
  Stored<void> set_limits(const std::string& user, const std::optional<StoredLimits>& limits);

  // --- tokens, of any user; only a hash of each is kept ---
  Stored<bool> add_token(const StoredToken& token, const std::string& hash);  // false: name taken
  Stored<bool> remove_token(const std::string& user, const std::string& name);
  Stored<std::optional<StoredToken>> token(const std::string& hash);
  Stored<std::vector<StoredToken>> tokens(const std::string& user);  // empty: of all
  Stored<void> touch_token(const std::string& hash, std::int64_t time);

  // --- usage ---
  // Adds up what one source counted. A batch that was added before is not added again: the source
  // sends it a second time when it did not hear of the first. Batches of a source ascend.
  Stored<void> add_usage(const std::string& source, std::int64_t batch,
                         const std::vector<Usage>& usage, std::int64_t now);
  Stored<std::vector<Usage>> usage(const std::string& user, const std::string& from_day);
  Stored<std::int64_t> total(const std::string& user, const std::string& month);  // 2026-01

  // --- lock-outs ---
  Stored<std::vector<StoredLockout>> lockouts();
  Stored<void> save_lockouts(const std::vector<StoredLockout>& changed,
                             const std::vector<StoredLockout>& gone);

  // --- the audit log ---
  Stored<void> append_audit(const std::vector<AuditEntry>& entries);
  Stored<AuditHead> audit_head();
  Stored<std::vector<proto::AuditRow>> audit(std::int64_t from, std::size_t most);

  // Raised by every change of users, groups, tokens and limits, whoever made it.
  Stored<std::int64_t> revision();

  Stored<void> back_up(const std::string& path);
  std::string_view kind() const { return connection_->name(); }

 private:
  using Lock = std::lock_guard<std::mutex>;

  // Brings the schema up to date once, as soon as the database is there.
  Stored<void> ready();
  Stored<sql::Rows> ask(std::string_view statement, std::initializer_list<sql::Value> parameters);
  // Runs the changes of one transaction; raises the revision when asked.
  struct Change {
    std::string_view statement;
    std::vector<sql::Value> parameters;
  };
  Stored<void> apply(const std::vector<Change>& changes, bool revise);
  Stored<bool> change_existing(const std::string& name, const std::vector<Change>& changes);
  Stored<AuditHead> last_audit();
  Stored<std::vector<std::string>> groups_of(const std::string& user);

  std::mutex mutex_;
  std::unique_ptr<sql::Connection> connection_;
  bool migrated_ = false;
};

}  // namespace bulkhead::auth
