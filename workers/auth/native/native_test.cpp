// Users of the server's own: hashes of every kind, tokens, and what a refusal gives away.
#include <algorithm>
#include <filesystem>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "workers/auth/native/native_method.h"
#include "workers/auth/native/token.h"
#include "workers/auth/native/token_scope.h"
#include "workers/auth/store/sqlite_connection.h"

namespace bulkhead::auth {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;
using namespace std::chrono_literals;

using platform::Secret;

Deadline soon() {
  return std::chrono::steady_clock::now() + 10s;
}

Credential basic(std::string user, std::string_view password) {
  return {Credential::Kind::basic, std::move(user), Secret(password)};
}

TEST(PasswordHash, WritesArgon2id) {
  const Secret hash = hash_password(Secret("correct horse"));
  EXPECT_THAT(std::string(hash.reveal()), StartsWith("$argon2id$v=19$m=19456,t=2,p=1$"));
  EXPECT_TRUE(verify_password(hash, "correct horse"));
  EXPECT_FALSE(verify_password(hash, "correct horsE"));
  EXPECT_FALSE(verify_password(hash, ""));
  EXPECT_FALSE(is_outdated(hash));
  EXPECT_NE(hash.reveal(), hash_password(Secret("correct horse")).reveal());
}

// Of "hunter2", made by mkpasswd (whois), htpasswd (apache2-utils) and argon2.
TEST(PasswordHash, AcceptsTheOthers) {
  for (const char* hash :
       {"$y$j9T$DgyNDMJp/rIgzBlFU5Sdw1$VkdQFL/wQapbyPnmgyczgkTtoZhOdNuGeXxTKBkA2rD",
        "$2b$05$gU2/ucKREWR2VM74R1wvl.88Jadkf3Y6kTyCHDv68vxbjj9weagi.",
        "$2y$05$/2sHgz.DSZoKSJABKN9.8Ob7JHchwYbc6Tz063nviQmXH.U5QuQ0i",
        "$6$L8ztqpexCifq7mSl$lgZxoAv.Wi04JdNiFWeqdU/PgZydSggLFxgN/cK0yLfOAf4fv58U14pHnWpoJL7ue82/"
        "UkccpuGNZh6.XIMYY1",
        "$5$idpJQh3X3L9XhoSl$JL3jEgJUwZyZ4JCHyT/BcXOV0Lh/nB3qUAHVOnXu9tD",
        "$gy$j9T$CDurQ4uUIR14Nyezk9gDJ/$TNeder95KKHLqmKseU6zFOaJ/6940/PaCm2KhWxoCh3",
        "$7$CU..../....AzYv5sl/X6QRT/lba4W0G.$DmAWf6z9OX0lf2YG5L1AS8zYsHBlqdRsQdUnTagIdK1",
        "$argon2id$v=19$m=4096,t=2,p=1$c29tZXNhbHQxMjM0NQ$e9p+"
        "8RTxZVZcOhNCElhGOZk1PvCURhFnhqSB1OZtnY4",
        "$argon2id$v=19$m=4096,t=2,p=4$c29tZXNhbHQxMjM0NQ$"
        "LV04VyShTFCTjV6OXn9ZVg3TMZ4vvKdt7LTW9tD84mo"}) {
    EXPECT_TRUE(verify_password(Secret(hash), "hunter2")) << hash;
    EXPECT_FALSE(verify_password(Secret(hash), "hunter3")) << hash;
    EXPECT_TRUE(is_outdated(Secret(hash))) << hash;
  }
}

TEST(PasswordHash, RefusesWhatIsNone) {
  for (const char* hash : {"", "*", "!", "hunter2", "$", "$2b$10$short", "$argon2id$v=19$m=1",
                           "$argon2id$", "$y$", "*0", "$unknown$x"}) {
    EXPECT_FALSE(verify_password(Secret(hash), "hunter2")) << hash;
  }
  const Secret hash = hash_password(Secret("abc"));
  EXPECT_FALSE(verify_password(hash, std::string_view("abc\0def", 7)));
}

TEST(Token, IsLongRandomAndTold) {
  const Secret one = new_token(), other = new_token();
  EXPECT_TRUE(looks_like_token(one.reveal()));
  EXPECT_NE(one.reveal(), other.reveal());
  EXPECT_EQ(one.size(), 46U);
  EXPECT_EQ(token_hash(one.reveal()).size(), 64U);
  EXPECT_NE(token_hash(one.reveal()), token_hash(other.reveal()));
  EXPECT_FALSE(looks_like_token("bh_short"));
  EXPECT_FALSE(looks_like_token(std::string(one.reveal()) + "x"));
  EXPECT_NE(new_password().reveal(), new_password().reveal());
  EXPECT_EQ(new_password().size(), 20U);
}

class Native : public ::testing::Test {
 protected:
  Native() : store_(*sql::open_sqlite(directory_ + "/store.db")) {
    config::AuthUser user;
    user.username = "configured";
    user.password_hash = hash_password(Secret("of-config"));
    user.groups = {"work"};
    auth_.mode = {config::AuthMode::native};
    auth_.native.users = {user};
    auth_.limits.max_connections = 9;
  }
  ~Native() override { std::filesystem::remove_all(directory_); }

  void add(const std::string& name, std::string_view password, bool enabled = true) {
    StoredUser stored;
    stored.name = name;
    if (!password.empty()) stored.password_hash = hash_password(Secret(password));
    stored.enabled = enabled;
    stored.groups = {"a", "b"};
    ASSERT_TRUE(*store_.add_user(stored));
  }
  Secret add_token(const std::string& user, std::int64_t expires = 0,
                   std::string_view scope = scope_proxy) {
    Secret token = new_token();
    const std::string name = token_hash(token.reveal()).substr(0, 8);
    EXPECT_TRUE(*store_.add_token({user, name, std::string(scope), 1, expires, 0},
                                  token_hash(token.reveal())));
    return token;
  }
  Verdict check(const Credential& credential) {
    const Accounts accounts(auth_, store_);
    return NativeMethod(accounts, places_).check(credential, soon());
  }
  Verdict check(std::string user, std::string_view password) {
    return check(basic(std::move(user), password));
  }
  Verdict bearer(const Secret& token) { return check({Credential::Kind::bearer, {}, token}); }

  char path_[25] = "/tmp/bulkhead-nat-XXXXXX";
  std::string directory_ = ::mkdtemp(path_);
  Store store_;
  config::Auth auth_;
  HashingPlaces places_{2};
};

TEST_F(Native, KnowsItsUsers) {
  add("alice", "wonderland");
  EXPECT_THAT(check("alice", "wonderland").groups, ElementsAre("a", "b"));
  EXPECT_THAT(check("configured", "of-config").groups, ElementsAre("work"));
  EXPECT_EQ(check("alice", "Wonderland").reason, Reason::wrong_password);
  EXPECT_EQ(check("Alice", "wonderland").reason, Reason::unknown_user);
  EXPECT_EQ(check("alice", std::string(max_password_bytes + 1, 'x')).reason,
            Reason::malformed_credential);
}

TEST_F(Native, TheConfigurationsUserComesFirst) {
  add("configured", "of-store");
  EXPECT_EQ(check("configured", "of-store").reason, Reason::wrong_password);
  EXPECT_EQ(check("configured", "of-config").outcome, Outcome::accepted);
}

TEST_F(Native, ADisabledAccountSaysSoToItsOwnPasswordOnly) {
  add("alice", "wonderland", false);
  EXPECT_EQ(check("alice", "wonderland").reason, Reason::account_disabled);
  EXPECT_EQ(check("alice", "guess").reason, Reason::wrong_password);
  EXPECT_EQ(bearer(add_token("alice")).reason, Reason::account_disabled);
}

TEST_F(Native, TakesTokens) {
  add("alice", "wonderland");
  const Secret token = add_token("alice");
  EXPECT_EQ(bearer(token).user, "alice");
  EXPECT_EQ(check("alice", token.reveal()).user, "alice");
  EXPECT_EQ(check("bob", token.reveal()).reason, Reason::token_claims);
  EXPECT_EQ(bearer(new_token()).reason, Reason::token_key);
  EXPECT_EQ(bearer(add_token("alice", 1)).reason, Reason::token_expired);
  EXPECT_EQ(bearer(add_token("gone")).reason, Reason::token_inactive);
  EXPECT_EQ(bearer(Secret("eyJh.eyJp.c2ln")).outcome, Outcome::unknown);
  const Verdict verdict = bearer(add_token("configured", 4'000'000'000));
  EXPECT_EQ(verdict.user, "configured");
  ASSERT_TRUE(verdict.expires);
  EXPECT_EQ(std::chrono::system_clock::to_time_t(*verdict.expires), 4'000'000'000);
  const auto tokens = store_.tokens("alice");
  EXPECT_EQ(std::count_if(tokens->begin(), tokens->end(),
                          [](const StoredToken& each) { return each.last_used != 0; }),
            1);
}

TEST_F(Native, ATokenIsGoodForItsScope) {
  add("alice", "wonderland");
  const auto reason = [this](std::string_view scope, Credential::Use use) {
    return check({Credential::Kind::bearer, {}, add_token("alice", 0, scope), use}).reason;
  };
  using enum Credential::Use;
  for (const auto use : {any, http, socks}) {
    EXPECT_EQ(reason("proxy", use), Reason::accepted);
    EXPECT_EQ(reason("http socks", use), Reason::accepted);
    for (const std::string_view unknown : {"", "api", "prox", "proxyhttp", "HTTP"})
      EXPECT_EQ(reason(unknown, use), Reason::token_scope) << unknown;
  }
  EXPECT_EQ(reason("http", http), Reason::accepted);
  EXPECT_EQ(reason("http", socks), Reason::token_scope);
  EXPECT_EQ(reason("socks", socks), Reason::accepted);
  EXPECT_EQ(reason("api socks", http), Reason::token_scope);
}

TEST(TokenScope, IsOfKnownWords) {
  for (const std::string_view good : {"proxy", "http", "socks", "socks http"})
    EXPECT_TRUE(is_scope(good)) << good;
  for (const std::string_view bad : {"", " ", "proxy ", "api", "http  socks", "http http", "Proxy"})
    EXPECT_FALSE(is_scope(bad)) << bad;
}

TEST_F(Native, AUserWithoutAPasswordHasTokensOnly) {
  add("robot", "");
  EXPECT_EQ(check("robot", "x").reason, Reason::wrong_password);
  EXPECT_EQ(bearer(add_token("robot")).user, "robot");
}

TEST_F(Native, WritesABetterHashAtTheNextLogin) {
  StoredUser old;
  old.name = "old";
  old.password_hash = Secret(
      "$6$L8ztqpexCifq7mSl$lgZxoAv.Wi04JdNiFWeqdU/PgZydSggLFxgN/cK0yLfOAf4fv58U14pHnWpoJL7ue82/"
      "UkccpuGNZh6.XIMYY1");
  ASSERT_TRUE(*store_.add_user(old));
  EXPECT_EQ(check("old", "hunter3").outcome, Outcome::refused);
  EXPECT_EQ((*store_.user("old"))->password_hash.reveal(), old.password_hash.reveal());
  EXPECT_EQ(check("old", "hunter2").outcome, Outcome::accepted);
  EXPECT_FALSE(is_outdated((*store_.user("old"))->password_hash));
  EXPECT_EQ(check("old", "hunter2").outcome, Outcome::accepted);
}

// The cheapest time of several, which others on this machine disturb least.
std::chrono::steady_clock::duration cheapest(const std::function<void()>& work) {
  auto best = std::chrono::steady_clock::duration::max();
  for (int round = 0; round < 5; ++round) {
    const auto began = std::chrono::steady_clock::now();
    work();
    best = std::min(best, std::chrono::steady_clock::now() - began);
  }
  return best;
}

TEST_F(Native, AnUnknownNameTakesAsLongAsAKnownOne) {
  add("alice", "wonderland");
  const Accounts accounts(auth_, store_);
  NativeMethod method(accounts, places_);
  const auto known = cheapest([&] { method.check(basic("alice", "guess"), soon()); });
  const auto unknown = cheapest([&] { method.check(basic("nobody", "guess"), soon()); });
  EXPECT_GT(unknown * 2, known);
  EXPECT_LT(unknown, known * 4);
}

TEST_F(Native, DecoysAreHashesOfUsersAlwaysTheSameForAName) {
  const Accounts accounts(auth_, store_);
  EXPECT_EQ(accounts.decoy("nobody").reveal(), auth_.native.users[0].password_hash.reveal());
  auth_.native.users.clear();
  const Accounts empty(auth_, store_);
  EXPECT_FALSE(is_outdated(empty.decoy("nobody")));
  EXPECT_EQ(empty.decoy("a").reveal(), empty.decoy("a").reveal());
}

TEST_F(Native, AStoreThatIsNotThereIsNoReasonToRefuse) {
  Store absent(*sql::open_sqlite("/nonexistent/store.db").or_else([](const sql::Error&) {
    return sql::open_sqlite(":memory:");
  }));
  ASSERT_TRUE(absent.users());
  const Accounts accounts(auth_, absent);
  EXPECT_EQ(NativeMethod(accounts, places_).check(basic("configured", "of-config"), soon()).outcome,
            Outcome::accepted);
}

TEST_F(Native, HashingWaitsNoLongerThanTheDeadline) {
  HashingPlaces none(0);
  const Accounts accounts(auth_, store_);
  const auto late = std::chrono::steady_clock::now() + 20ms;
  EXPECT_EQ(NativeMethod(accounts, none).check(basic("alice", "x"), late).reason,
            Reason::overloaded);
}

TEST_F(Native, LimitsComeFromTheStoreTheUserOrTheDefault) {
  config::UserLimits own;
  own.max_mbps = 8;
  own.requests_per_second = 2.5;
  auth_.native.users[0].limits = own;
  const Accounts accounts(auth_, store_);
  EXPECT_EQ(accounts.allowance("anybody")->limits.max_connections, 9);
  EXPECT_FALSE(accounts.allowance("anybody")->own);
  EXPECT_EQ(accounts.allowance("configured")->limits.bytes_per_second, 1'000'000);
  EXPECT_EQ(accounts.allowance("configured")->limits.requests_per_1000s, 2500);
  StoredLimits stored;
  stored.monthly_quota = 5;
  ASSERT_TRUE(store_.set_limits("configured", stored));
  EXPECT_EQ(accounts.allowance("configured")->limits, stored);
}

}  // namespace
}  // namespace bulkhead::auth
