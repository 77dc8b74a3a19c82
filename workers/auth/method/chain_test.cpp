// Credentials that no method may see, verdicts, and the order in which methods are asked.
#include "workers/auth/method/chain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "workers/auth/method/verdict.h"

namespace bulkhead::auth {
namespace {

using ::testing::ElementsAre;
using namespace std::chrono_literals;

Deadline soon() {
  return std::chrono::steady_clock::now() + 10s;
}

Credential basic(std::string user, std::string_view password) {
  return {Credential::Kind::basic, std::move(user), platform::Secret(password)};
}

Credential bearer(std::string_view token) {
  return {Credential::Kind::bearer, {}, platform::Secret(token)};
}

// Always of one opinion.
class Opinion : public Method {
 public:
  Opinion(std::string_view name, Reason reason, int& asked)
      : name_(name), reason_(reason), asked_(asked) {}
  std::string_view name() const override { return name_; }
  Verdict check(const Credential& credential, Deadline) override {
    ++asked_;
    if (reason_ == Reason::accepted) return acceptance(name_, credential.user, {"b", "a", "b"});
    return refusal(name_, reason_);
  }

 private:
  std::string_view name_;
  Reason reason_;
  int& asked_;
};

struct Asked {
  Verdict verdict;
  int first = 0;
  int second = 0;
  std::vector<Verdict> tried;
};

Asked ask(Reason first, Reason second, Deadline deadline = soon()) {
  Asked asked;
  std::vector<std::unique_ptr<Method>> methods;
  methods.push_back(std::make_unique<Opinion>("first", first, asked.first));
  methods.push_back(std::make_unique<Opinion>("second", second, asked.second));
  asked.verdict = Chain(std::move(methods)).check(basic("alice", "x"), deadline, &asked.tried);
  return asked;
}

TEST(Chain, TheFirstThatKnowsDecides) {
  Asked asked = ask(Reason::accepted, Reason::wrong_password);
  EXPECT_EQ(asked.verdict.outcome, Outcome::accepted);
  EXPECT_EQ(asked.second, 0);
  EXPECT_THAT(asked.verdict.groups, ElementsAre("a", "b"));

  asked = ask(Reason::wrong_password, Reason::accepted);
  EXPECT_EQ(asked.verdict.reason, Reason::wrong_password);
  EXPECT_EQ(asked.second, 0);

  asked = ask(Reason::unknown_user, Reason::accepted);
  EXPECT_EQ(asked.verdict.method, "second");
  EXPECT_EQ(asked.tried.size(), 2U);
  EXPECT_EQ(asked.tried[0].reason, Reason::unknown_user);
}

TEST(Chain, UnavailableIsNeverANo) {
  Asked asked = ask(Reason::server_unreachable, Reason::accepted);
  EXPECT_EQ(asked.verdict.outcome, Outcome::accepted);
  asked = ask(Reason::server_unreachable, Reason::unknown_user);
  EXPECT_EQ(asked.verdict.outcome, Outcome::unavailable);
  EXPECT_EQ(asked.verdict.method, "first");
  asked = ask(Reason::unknown_user, Reason::timed_out);
  EXPECT_EQ(asked.verdict.reason, Reason::timed_out);
}

TEST(Chain, NothingIsAskedAfterTheDeadline) {
  const Asked asked = ask(Reason::accepted, Reason::accepted, soon() - 20s);
  EXPECT_EQ(asked.verdict.reason, Reason::timed_out);
  EXPECT_EQ(asked.first + asked.second, 0);
}

TEST(Chain, WithoutMethodsNobodyIsKnown) {
  EXPECT_EQ(Chain({}).check(basic("alice", "x"), soon()).reason, Reason::no_method);
}

TEST(Chain, MalformedCredentialsReachNobody) {
  int asked = 0;
  std::vector<std::unique_ptr<Method>> methods;
  methods.push_back(std::make_unique<Opinion>("first", Reason::accepted, asked));
  const Chain chain(std::move(methods));
  EXPECT_EQ(chain.check(basic("alice", ""), soon()).reason, Reason::malformed_credential);
  EXPECT_EQ(chain.check(basic("", "x"), soon()).outcome, Outcome::refused);
  EXPECT_EQ(asked, 0);
}

TEST(Credential, WhatIsAcceptable) {
  EXPECT_TRUE(acceptable(basic("alice", "correct horse")));
  EXPECT_TRUE(acceptable(basic("zo\xc3\xab", "p\xc3\xa4ss")));
  EXPECT_TRUE(acceptable(bearer("eyJh.eyJp.c2ln")));
  EXPECT_TRUE(acceptable(bearer("abc==")));
  for (const std::string_view user :
       {std::string_view("a\0b", 3), std::string_view("a\nb"), std::string_view("\x7f"),
        std::string_view("\xff"), std::string_view("\xc0\xaf"), std::string_view("\xed\xa0\x80"),
        std::string_view("\xc2\x85"), std::string_view("a\xc3"),
        std::string_view("\xf4\x90\x80\x80")})
    EXPECT_FALSE(acceptable(basic(std::string(user), "x"))) << ::testing::PrintToString(user);
  EXPECT_FALSE(acceptable(basic("alice", std::string_view("x\0y", 3))));
  EXPECT_FALSE(acceptable(basic(std::string(max_user_bytes + 1, 'a'), "x")));
  EXPECT_FALSE(acceptable(basic("alice", std::string(max_token_bytes + 1, 'a'))));
  EXPECT_FALSE(acceptable(bearer("")));
  EXPECT_FALSE(acceptable(bearer("=")));
  EXPECT_FALSE(acceptable(bearer("a b")));
  EXPECT_FALSE(acceptable(bearer("a=b")));
  EXPECT_FALSE(acceptable(bearer(std::string(max_token_bytes + 1, 'a'))));
}

TEST(Verdict, IsNeverAcceptedByMistake) {
  EXPECT_EQ(Verdict{}.outcome, Outcome::unavailable);
  EXPECT_EQ(refusal("x", Reason::accepted).outcome, Outcome::unavailable);
  EXPECT_EQ(acceptance("x", std::string("a\0b", 3), {}).outcome, Outcome::unavailable);
  EXPECT_EQ(acceptance("x", "", {}).outcome, Outcome::unavailable);
}

TEST(Verdict, GroupsAreBounded) {
  std::vector<std::string> groups{"", "evil\ngroup", std::string(max_group_bytes + 1, 'g')};
  for (std::size_t each = 0; each < max_groups + 10; ++each)
    groups.push_back("g" + std::to_string(each));
  const Verdict verdict = acceptance("x", "alice", groups);
  EXPECT_EQ(verdict.groups.size(), max_groups);
  EXPECT_EQ(verdict.groups[0], "g0");
}

}  // namespace
}  // namespace bulkhead::auth
