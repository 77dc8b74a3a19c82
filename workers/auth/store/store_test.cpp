// The store, with every database it can be kept in: the same tests, on a real one.
#include "workers/auth/store/store.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "proto/audit_chain.h"
#include "workers/auth/store/postgres_connection.h"
#include "workers/auth/store/postgres_for_test.h"
#include "workers/auth/store/schema.h"
#include "workers/auth/store/sqlite_connection.h"

namespace bulkhead::auth {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class StoreTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (GetParam() == "postgresql") {
      url_ = postgres().new_database();
    } else {
      char path[] = "/tmp/bulkhead-store-XXXXXX";
      directory_ = ::mkdtemp(path);
    }
    store_ = open();
  }
  void TearDown() override {
    store_.reset();
    if (!directory_.empty()) std::filesystem::remove_all(directory_);
  }

  std::unique_ptr<sql::Connection> connect() const {
    auto connection = url_.empty() ? sql::open_sqlite(directory_ + "/store.db")
                                   : sql::open_postgres(platform::Secret(url_));
    EXPECT_TRUE(connection) << connection.error().text;
    return std::move(*connection);
  }
  std::unique_ptr<Store> open() const { return std::make_unique<Store>(connect()); }

  void add(const std::string& name, std::vector<std::string> groups = {}) {
    StoredUser user;
    user.name = name;
    user.password_hash = platform::Secret("$y$hash-of-" + name);
    user.created = 1'700'000'000;
    user.groups = std::move(groups);
    const auto added = store_->add_user(user);
    ASSERT_TRUE(added) << added.error().text;
    EXPECT_TRUE(*added);
  }

  std::string url_, directory_;
  std::unique_ptr<Store> store_;
};

INSTANTIATE_TEST_SUITE_P(With, StoreTest, ::testing::Values("sqlite", "postgresql"),
                         [](const auto& each) { return each.param; });

TEST_P(StoreTest, KeepsUsers) {
  add("zoë", {"work", "streaming", "work"});
  add("alice");
  store_ = open();
  const auto zoe = store_->user("zoë");
  ASSERT_TRUE(zoe && *zoe) << (zoe ? "" : zoe.error().text);
  EXPECT_EQ((*zoe)->password_hash.reveal(), "$y$hash-of-zoë");
  EXPECT_TRUE((*zoe)->enabled);
  EXPECT_EQ((*zoe)->created, 1'700'000'000);
  EXPECT_THAT((*zoe)->groups, ElementsAre("streaming", "work"));
  EXPECT_FALSE(*store_->user("Zoë"));
  const auto all = store_->users();
  ASSERT_TRUE(all);
  ASSERT_THAT(*all, SizeIs(2));
  EXPECT_EQ((*all)[0].name, "alice");
  EXPECT_THAT((*all)[1].groups, ElementsAre("streaming", "work"));
}

TEST_P(StoreTest, RefusesASecondUserOfTheName) {
  add("alice", {"a"});
  StoredUser other;
  other.name = "alice";
  other.password_hash = platform::Secret("other");
  EXPECT_FALSE(*store_->add_user(other));
  EXPECT_EQ((*store_->user("alice"))->password_hash.reveal(), "$y$hash-of-alice");
}

TEST_P(StoreTest, ChangesUsers) {
  add("alice", {"a", "b"});
  const auto before = store_->revision();
  EXPECT_TRUE(*store_->set_password("alice", platform::Secret("new")));
  EXPECT_TRUE(*store_->set_enabled("alice", false));
  EXPECT_TRUE(*store_->change_groups("alice", {"c", "c"}, {"a", "x"}));
  const auto alice = *store_->user("alice");
  EXPECT_EQ(alice->password_hash.reveal(), "new");
  EXPECT_FALSE(alice->enabled);
  EXPECT_THAT(alice->groups, ElementsAre("b", "c"));
  EXPECT_EQ(*store_->revision(), *before + 3);
  EXPECT_FALSE(*store_->set_password("bob", platform::Secret("new")));
  EXPECT_FALSE(*store_->set_enabled("bob", true));
  EXPECT_FALSE(*store_->change_groups("bob", {"c"}, {}));
  EXPECT_EQ(*store_->revision(), *before + 3);
}

TEST_P(StoreTest, RemovesAUserWithEverythingButTheUsage) {
  add("alice", {"a"});
  StoredLimits limits;
  limits.max_connections = 3;
  ASSERT_TRUE(store_->set_limits("alice", limits));
  ASSERT_TRUE(*store_->add_token({"alice", "laptop", "", 1, 0, 0}, "hash"));
  ASSERT_TRUE(store_->note_login("alice", 99));
  ASSERT_TRUE(store_->add_usage("acceptor", 1, {{"alice", "2026-01-31", 1, 2, 3}}, 1000));
  EXPECT_TRUE(*store_->remove_user("alice"));
  EXPECT_FALSE(*store_->remove_user("alice"));
  EXPECT_FALSE(*store_->user("alice"));
  EXPECT_FALSE(*store_->limits("alice"));
  EXPECT_FALSE(*store_->token("hash"));
  EXPECT_EQ(*store_->last_login("alice"), 0);
  EXPECT_THAT(*store_->usage("alice", ""), SizeIs(1));
}

TEST_P(StoreTest, KeepsLimitsOfAnybody) {
  StoredLimits limits;
  limits.requests_per_1000s = 12'500;
  limits.bytes_per_second = 1'000'000'000'000;
  limits.monthly_quota = 1LL << 50;
  limits.domains = {"*.example.com", "example.org"};
  limits.destinations = {"192.0.2.0/24"};
  ASSERT_TRUE(store_->set_limits("from-ldap", limits));
  EXPECT_EQ(**store_->limits("from-ldap"), limits);
  limits.domains.clear();
  ASSERT_TRUE(store_->set_limits("from-ldap", limits));
  EXPECT_EQ(**store_->limits("from-ldap"), limits);
  ASSERT_TRUE(store_->set_limits("from-ldap", std::nullopt));
  EXPECT_FALSE(*store_->limits("from-ldap"));
}

TEST_P(StoreTest, FindsTokensByTheirHash) {
  add("alice");
  EXPECT_TRUE(*store_->add_token({"alice", "laptop", "socks", 100, 200, 0}, "hash-1"));
  EXPECT_TRUE(*store_->add_token({"bob", "laptop", "", 100, 0, 0}, "hash-2"));
  EXPECT_FALSE(*store_->add_token({"alice", "laptop", "", 100, 0, 0}, "hash-3"));
  ASSERT_TRUE(store_->touch_token("hash-1", 150));
  const auto found = *store_->token("hash-1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->user, "alice");
  EXPECT_EQ(found->scope, "socks");
  EXPECT_EQ(found->expires, 200);
  EXPECT_EQ(found->last_used, 150);
  EXPECT_FALSE(*store_->token("hash-3"));
  EXPECT_THAT(*store_->tokens("alice"), SizeIs(1));
  EXPECT_THAT(*store_->tokens(""), SizeIs(2));
  EXPECT_TRUE(*store_->remove_token("alice", "laptop"));
  EXPECT_FALSE(*store_->remove_token("alice", "laptop"));
  EXPECT_FALSE(*store_->token("hash-1"));
}

TEST_P(StoreTest, AddsUpUsageOnce) {
  const std::vector<Usage> batch{{"alice", "2026-01-31", 10, 20, 1},
                                 {"bob", "2026-01-31", 1, 1, 1}};
  ASSERT_TRUE(store_->add_usage("one", 1, batch, 1000));
  ASSERT_TRUE(store_->add_usage("one", 1, batch, 1001));
  ASSERT_TRUE(store_->add_usage("two", 1, batch, 1001));
  ASSERT_TRUE(store_->add_usage("one", 2, {{"alice", "2026-02-01", 5, 5, 1}}, 1002));
  const auto alice = *store_->usage("alice", "2026-01-01");
  ASSERT_THAT(alice, SizeIs(2));
  EXPECT_EQ(alice[0].up, 20);
  EXPECT_EQ(alice[0].down, 40);
  EXPECT_EQ(alice[0].requests, 2);
  EXPECT_EQ(*store_->total("alice", "2026-01"), 60);
  EXPECT_EQ(*store_->total("alice", "2026-02"), 10);
  EXPECT_EQ(*store_->total("nobody", "2026-01"), 0);
  EXPECT_THAT(*store_->usage("", "2026-02-01"), SizeIs(1));
}

TEST_P(StoreTest, KeepsLockouts) {
  ASSERT_TRUE(store_->save_lockouts(
      {{"user", "alice", 7, 100, 0}, {"address", "192.0.2.1", 20, 100, 900}}, {}));
  ASSERT_TRUE(
      store_->save_lockouts({{"user", "alice", 8, 101, 0}}, {{"address", "192.0.2.1", 0, 0, 0}}));
  const auto all = *store_->lockouts();
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(all[0].subject, "alice");
  EXPECT_EQ(all[0].failures, 8);
}

TEST_P(StoreTest, ChainsTheAuditLog) {
  AuditEntry entry;
  entry.time_ms = 1'700'000'000'123;
  entry.kind = "login";
  entry.subject = "zoë";
  entry.address = "192.0.2.1";
  ASSERT_TRUE(store_->append_audit({entry, entry}));
  store_ = open();
  entry.kind = "user_add";
  entry.actor = "uid 0";
  ASSERT_TRUE(store_->append_audit({entry}));
  proto::AuditChain chain;
  const auto log = store_->audit(1, 100);
  for (const proto::AuditRow& row : *log) EXPECT_TRUE(chain.add(row));
  EXPECT_EQ(chain.entries(), 3U);
  EXPECT_THAT(*store_->audit(2, 1), SizeIs(1));
}

TEST_P(StoreTest, ChainsWhatSeveralAppend) {
  constexpr int threads = 4, entries = 10;
  std::vector<std::thread> all;
  for (int each = 0; each < threads; ++each) {
    all.emplace_back([this] {
      const auto own = open();
      for (int number = 0; number < entries; ++number) {
        AuditEntry entry;
        entry.kind = "login";
        const auto done = own->append_audit({entry});
        EXPECT_TRUE(done) << done.error().text;
      }
    });
  }
  for (std::thread& thread : all) thread.join();
  proto::AuditChain chain;
  const auto log = store_->audit(1, 1000);
  for (const proto::AuditRow& row : *log) chain.add(row);
  EXPECT_EQ(chain.entries(), std::uint64_t{threads * entries});
}

TEST_P(StoreTest, TakesTextsThatLookLikeSql) {
  const std::string evil = "a'); DROP TABLE users; --";
  add(evil, {evil, "\"", "$1"});
  EXPECT_THAT((*store_->user(evil))->groups, SizeIs(3));
  EXPECT_FALSE(*store_->user("a"));
  EXPECT_THAT(*store_->users(), SizeIs(1));
}

TEST_P(StoreTest, LeavesAStoreOfANewerProgramAlone) {
  ASSERT_TRUE(store_->users());
  store_.reset();
  const auto connection = connect();
  ASSERT_TRUE(connection->run("UPDATE meta SET value = 1000 WHERE name = 'schema'", {}));
  const auto done = sql::migrate(*connection);
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().text, HasSubstr("newer version"));
  EXPECT_FALSE(done.error().unavailable);
}

TEST_P(StoreTest, LooksWithoutChangingAnything) {
  const auto tables = [this] {
    const auto connection = connect();
    const auto found = connection->has_table("users");
    EXPECT_TRUE(found) << found.error().text;
    return found && *found;
  };
  EXPECT_TRUE(sql::check(*connect())) << "a new one";
  EXPECT_FALSE(tables());
  ASSERT_TRUE(store_->users());
  EXPECT_TRUE(tables());
  EXPECT_TRUE(sql::check(*connect()));
  ASSERT_TRUE(connect()->run("UPDATE meta SET value = 1000 WHERE name = 'schema'", {}));
  const auto newer = sql::check(*connect());
  ASSERT_FALSE(newer);
  EXPECT_THAT(newer.error().text, HasSubstr("newer version"));
}

// For SQLite the directory where the process stands counts.
TEST_P(StoreTest, RehearsesInMemory) {
  const auto before = std::filesystem::current_path();
  if (!directory_.empty()) std::filesystem::current_path(directory_);
  const auto rehearse = [this] { return Store::rehearse(platform::Secret(url_), true); };
  {
    const auto empty = rehearse();
    ASSERT_TRUE(empty) << empty.error().text;
    EXPECT_TRUE((*empty)->set_limits("alice", StoredLimits{}));
  }
  add("alice");
  const auto other = rehearse();
  ASSERT_TRUE(other) << other.error().text;
  EXPECT_THAT((*other)->users().value(), IsEmpty());
  ASSERT_TRUE(connect()->run("UPDATE meta SET value = 1000 WHERE name = 'schema'", {}));
  EXPECT_FALSE(rehearse());
  EXPECT_EQ(Store::rehearse(platform::Secret(url_), false).has_value(), url_.empty());
  std::filesystem::current_path(before);
}

TEST_P(StoreTest, CommitsToTheDisk) {
  const bool sqlite = url_.empty();
  const auto set = connect()->run(sqlite ? "PRAGMA synchronous" : "SHOW synchronous_commit", {});
  ASSERT_TRUE(set);
  if (sqlite)
    EXPECT_EQ(sql::number(set->front(), 0), 2) << "FULL";
  else
    EXPECT_EQ(sql::text(set->front(), 0), "on");
}

TEST_P(StoreTest, SaysWhereTheAuditLogEnds) {
  EXPECT_EQ(store_->audit_head().value().entries, 0);
  AuditEntry entry;
  entry.kind = "login";
  ASSERT_TRUE(store_->append_audit({entry, entry}));
  const AuditHead head = store_->audit_head().value();
  EXPECT_EQ(head.entries, 2);
  EXPECT_EQ(head.hash, store_->audit(1, 10).value().back().hash.value);
}

TEST_P(StoreTest, FailedTransactionsLeaveNothing) {
  add("alice");
  ASSERT_TRUE(*store_->add_token({"alice", "one", "", 1, 0, 0}, "same"));
  const auto revision = *store_->revision();
  EXPECT_FALSE(store_->add_token({"alice", "two", "", 1, 0, 0}, "same"));  // hashes are unique
  EXPECT_EQ(*store_->revision(), revision);
  EXPECT_THAT(*store_->tokens(""), SizeIs(1));
  add("bob");
}

TEST(SqliteStore, BacksUpWhatIsCommitted) {
  char path[] = "/tmp/bulkhead-store-XXXXXX";
  const std::string directory = ::mkdtemp(path);
  const Store store(*sql::open_sqlite(directory + "/store.db"));
  auto& writable = const_cast<Store&>(store);
  StoredUser user;
  user.name = "alice";
  ASSERT_TRUE(*writable.add_user(user));
  ASSERT_TRUE(writable.back_up(directory + "/copy.db"));
  EXPECT_FALSE(writable.back_up(directory + "/copy.db"));
  Store copy(*sql::open_sqlite(directory + "/copy.db"));
  EXPECT_TRUE(*copy.user("alice"));
  std::filesystem::remove_all(directory);
}

TEST(PostgresStore, IsFoundAgainAfterARestart) {
  Store store(*sql::open_postgres(platform::Secret(postgres().new_database())));
  StoredUser user;
  user.name = "alice";
  ASSERT_TRUE(*store.add_user(user));
  postgres().stop();
  auto gone = store.user("alice");
  ASSERT_FALSE(gone);
  EXPECT_TRUE(gone.error().unavailable);
  // At most one attempt a second: the next answer comes at once.
  const auto before = std::chrono::steady_clock::now();
  EXPECT_FALSE(store.user("alice"));
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(500));
  postgres().start();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  auto found = store.user("alice");
  while (!found && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    found = store.user("alice");
  }
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_TRUE(*found);
  // A restart between two statements is not even noticed.
  postgres().stop();
  postgres().start();
  found = store.user("alice");
  EXPECT_TRUE(found) << found.error().text;
}

TEST(PostgresStore, SaysNothingOfThePasswordInABadUrl) {
  const auto opened = sql::open_postgres(platform::Secret("postgresql://u:hunter2@[::1/x"));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().text.find("hunter2"), std::string::npos);
  const auto absent = Store::open(platform::Secret("postgresql://u:hunter2@127.0.0.1:1/x"));
  ASSERT_TRUE(absent);
  const auto answer = (*absent)->user("alice");
  ASSERT_FALSE(answer);
  EXPECT_TRUE(answer.error().unavailable);
  EXPECT_EQ(answer.error().text.find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace bulkhead::auth
