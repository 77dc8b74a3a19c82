// What is remembered of verdicts, and what users may do.
#include <gtest/gtest.h>

#include "workers/acceptor/policy/backend_acl.h"
#include "workers/acceptor/policy/verdict_cache.h"

namespace bulkhead::acceptor {
namespace {

using namespace std::chrono_literals;
const runtime::Deadline start{1000h};

proto::AuthVerdict verdict_of(const std::string& name, std::vector<std::string> groups = {}) {
  proto::AuthVerdict verdict;
  verdict.outcome = proto::AuthOutcome::accepted;
  verdict.user = name;
  verdict.method = "native";
  for (const std::string& group : groups) verdict.groups.push(group);
  return verdict;
}

TEST(CredentialHasher, TellsApartWhatLooksAlike) {
  const CredentialHasher one, other;
  EXPECT_EQ(one.hash('s', "a", "bc"), one.hash('s', "a", "bc"));
  EXPECT_NE(one.hash('s', "a", "bc"), one.hash('s', "ab", "c"));
  EXPECT_NE(one.hash('s', "a", "bc"), one.hash('h', "a", "bc"));
  EXPECT_NE(one.hash('s', "a", "bc"), other.hash('s', "a", "bc"));
}

class Cache : public ::testing::Test {
 protected:
  std::shared_ptr<User> user(const std::string& name) { return users_.learn(verdict_of(name)); }
  CredentialKey key(const std::string& text) const { return hasher_.hash('h', text); }
  bool holds(const std::string& text, runtime::Deadline now = start) {
    return cache_.find(key(text), now) != nullptr;
  }

  UserTable users_;
  CredentialHasher hasher_;
  VerdictCache cache_;
};

TEST_F(Cache, RemembersYesAndNoForTheirTime) {
  cache_.remember(key("good"), {user("alice"), {}}, start + 60s);
  cache_.remember(key("bad"), {nullptr, proto::Refusal::authentication_failed}, start + 5s);
  EXPECT_EQ(cache_.find(key("good"), start)->user->name(), "alice");
  EXPECT_EQ(cache_.find(key("bad"), start)->user, nullptr);
  EXPECT_FALSE(holds("other"));
  EXPECT_FALSE(holds("bad", start + 5s));
  EXPECT_TRUE(holds("good", start + 5s));
  EXPECT_FALSE(holds("good", start + 60s));
  EXPECT_EQ(cache_.size(), 0U);
}

TEST_F(Cache, TheOldestGoFirst) {
  cache_.set_bound(3);
  for (const char* text : {"a", "b", "c"})
    cache_.remember(key(text), {user(text), {}}, start + 60s);
  cache_.remember(key("a"), {user("a"), {}}, start + 60s);
  cache_.remember(key("d"), {user("d"), {}}, start + 60s);
  EXPECT_EQ(cache_.size(), 3U);
  EXPECT_FALSE(holds("b"));
  EXPECT_TRUE(holds("a"));
}

TEST_F(Cache, AChangeDropsTheUserAndEveryNo) {
  cache_.remember(key("a1"), {user("alice"), {}}, start + 60s);
  cache_.remember(key("a2"), {user("alice"), {}}, start + 60s);
  cache_.remember(key("b"), {user("bob"), {}}, start + 60s);
  cache_.remember(key("no"), {nullptr, {}}, start + 60s);
  cache_.drop("alice");
  EXPECT_FALSE(holds("a1") || holds("a2") || holds("no"));
  EXPECT_TRUE(holds("b"));
  cache_.clear();
  EXPECT_FALSE(holds("b"));
}

TEST(Users, AreOneObjectANameAndAreForgottenWhenNobodyHoldsThem) {
  UserTable users;
  auto alice = users.learn(verdict_of("alice", {"a"}));
  EXPECT_EQ(users.learn(verdict_of("alice", {"b"})), alice);
  EXPECT_TRUE(alice->is_in("b"));
  EXPECT_FALSE(alice->is_in("a"));
  users.learn(verdict_of("bob"))->unreported.up = 1;
  users.learn(verdict_of("carol"));
  users.forget_absent();
  EXPECT_TRUE(users.find("alice"));
  EXPECT_TRUE(users.find("bob"));
  EXPECT_FALSE(users.find("carol"));
}

TEST(Users, ReachWhatTheirLimitsAllow) {
  User user("alice", "native");
  const auto may = [&](const std::string& host) { return !user.objection_to({host, 443}); };
  EXPECT_TRUE(may("anything.example"));
  proto::UserLimits limits;
  limits.domains.push("*.example.com");
  limits.domains.push("example.org");
  limits.destinations.push("192.0.2.0/24");
  user.learn(limits);
  EXPECT_TRUE(may("example.com"));
  EXPECT_TRUE(may("WWW.example.com."));
  EXPECT_TRUE(may("example.org"));
  EXPECT_TRUE(may("192.0.2.7"));
  EXPECT_FALSE(may("www.example.org"));
  EXPECT_FALSE(may("badexample.com"));
  EXPECT_FALSE(may("198.51.100.1"));
  EXPECT_EQ(user.objection_to({"example.net", 80}), proto::Refusal::user_denied);
  limits.quota_exhausted = true;
  user.learn(limits);
  EXPECT_EQ(user.objection_to({"example.com", 80}), proto::Refusal::quota_exceeded);
}

TEST(BackendAcl, GroupsAndWhatTheyMayUse) {
  config::Auth auth;
  User alice("alice", "native"), bob("bob", "native");
  alice.learn(verdict_of("alice", {"streaming"}));
  bob.learn(verdict_of("bob", {"work"}));
  EXPECT_TRUE(BackendAcl(auth).allows(&alice, "vpn"));
  auth.native.acl = {{"streaming", {"direct"}}, {"work", {"*"}}};
  const BackendAcl acl(auth);
  EXPECT_TRUE(acl.allows(&alice, "direct"));
  EXPECT_FALSE(acl.allows(&alice, "vpn"));
  EXPECT_TRUE(acl.allows(&bob, "vpn"));
  alice.learn(verdict_of("alice", {}));
  EXPECT_FALSE(acl.allows(&alice, "direct"));
  EXPECT_TRUE(acl.allows(nullptr, "vpn"));
}

}  // namespace
}  // namespace bulkhead::acceptor
