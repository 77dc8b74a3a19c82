// Delays that double, bans, and who is spared.
#include "workers/auth/desk/lockouts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bulkhead::auth {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace std::chrono_literals;

class LockoutsTest : public ::testing::Test {
 protected:
  LockoutsTest() {
    settings_.free_attempts = 3;
    settings_.delay = 1s;
    settings_.max_delay = 8s;
    settings_.ban_after = 10;
    settings_.ban = 10min;
    settings_.forget = 5min;
    lockouts_.configure(settings_);
  }

  static wire::IpAddress ip(const std::string& text) { return *wire::IpAddress::parse(text); }
  void pass(std::chrono::seconds time) {
    now_.steady += time;
    now_.wall += time.count();
  }
  Lockouts::Admission admit(const std::string& user, const std::string& address) {
    return lockouts_.admit(user, ip(address), now_, now_.steady + 1h);
  }
  // Waits as it is told and is wrong; how long it had to wait.
  runtime::Duration fail(const std::string& user, const std::string& address) {
    const auto admission = admit(user, address);
    EXPECT_TRUE(admission.admitted);
    const auto waited =
        std::chrono::duration_cast<runtime::Duration>(admission.begin - now_.steady);
    pass(std::chrono::ceil<std::chrono::seconds>(waited));
    banned_ = lockouts_.failed(admission, now_);
    return waited;
  }
  void succeed(const std::string& user, const std::string& address) {
    const auto admission = admit(user, address);
    lockouts_.succeeded(admission, user, ip(address), now_);
  }

  config::Lockout settings_;
  Lockouts lockouts_;
  Moment now_{runtime::Deadline{} + 1000h, 1'700'000'000};
  bool banned_ = false;
};

TEST_F(LockoutsTest, DelaysDoubleUpToTheLongest) {
  for (int free = 0; free < 3; ++free) EXPECT_EQ(fail("alice", "192.0.2.1"), 0s);
  EXPECT_EQ(fail("alice", "192.0.2.2"), 1s);
  EXPECT_EQ(fail("alice", "192.0.2.3"), 2s);
  EXPECT_EQ(fail("alice", "192.0.2.4"), 4s);
  EXPECT_EQ(fail("alice", "192.0.2.5"), 8s);
  EXPECT_EQ(fail("alice", "192.0.2.6"), 8s);
  EXPECT_EQ(fail("bob", "192.0.2.7"), 0s);
}

TEST_F(LockoutsTest, NamesThatNobodyHasCountAlike) {
  std::vector<runtime::Duration> known, unknown;
  for (int each = 0; each < 6; ++each) known.push_back(fail("alice", "192.0.2.1"));
  for (int each = 0; each < 6; ++each) unknown.push_back(fail("nobody", "192.0.2.99"));
  EXPECT_EQ(known, unknown);
}

TEST_F(LockoutsTest, WhoTriesAtTheSameTimeStandsInLine) {
  for (int free = 0; free < 3; ++free) fail("alice", "192.0.2.1");
  runtime::Deadline last{};
  for (int each = 0; each < 5; ++each) {
    const auto admission = admit("alice", "192.0.2.1");
    EXPECT_GE(admission.begin, last + 1s);
    last = admission.begin;
  }
  // And so do those who come all at once at the very first.
  EXPECT_EQ(admit("bob", "192.0.2.1").begin, now_.steady);
  EXPECT_EQ(admit("bob", "192.0.2.1").begin, now_.steady);
  EXPECT_EQ(admit("bob", "192.0.2.1").begin, now_.steady);
  admit("bob", "192.0.2.1");
  EXPECT_GT(admit("bob", "192.0.2.1").begin, now_.steady);
}

TEST_F(LockoutsTest, NobodyWaitsBeyondTheDeadline) {
  for (int each = 0; each < 6; ++each) fail("alice", "192.0.2.1");
  const auto admission = lockouts_.admit("alice", ip("192.0.2.1"), now_, now_.steady + 2s);
  EXPECT_FALSE(admission.admitted);
  EXPECT_EQ(admission.retry_s, 8U);
  pass(8s);
  EXPECT_TRUE(lockouts_.admit("alice", ip("192.0.2.1"), now_, now_.steady + 2s).admitted);
}

TEST_F(LockoutsTest, ABanEnds) {
  for (int each = 0; each < 10; ++each) fail("alice", "192.0.2." + std::to_string(each));
  EXPECT_TRUE(banned_);
  auto refused = admit("alice", "203.0.113.1");
  EXPECT_FALSE(refused.admitted);
  EXPECT_EQ(refused.retry_s, 600U);
  ASSERT_THAT(lockouts_.rows(now_), ::testing::Not(IsEmpty()));
  EXPECT_TRUE(admit("bob", "203.0.113.1").admitted);
  pass(600s);
  EXPECT_TRUE(admit("alice", "203.0.113.1").admitted);
}

TEST_F(LockoutsTest, AnAddressMayBeWrongMoreOften) {
  for (int each = 0; each < 12; ++each)
    EXPECT_EQ(fail("user" + std::to_string(each), "192.0.2.1"), 0s) << each;
  EXPECT_EQ(fail("another", "192.0.2.1"), 1s);
  EXPECT_EQ(fail("another", "198.51.100.1"), 0s);
}

TEST_F(LockoutsTest, AnIpv6NeighbourhoodIsOne) {
  for (int each = 0; each < 12; ++each)
    fail("user" + std::to_string(each), "2001:db8::" + std::to_string(each + 1));
  EXPECT_EQ(fail("another", "2001:db8::abcd"), 1s);
  EXPECT_EQ(fail("another", "2001:db8:0:1::1"), 0s);
}

TEST_F(LockoutsTest, ASuccessForgivesTheName) {
  for (int each = 0; each < 5; ++each) fail("alice", "192.0.2.1");
  pass(10s);
  succeed("alice", "192.0.2.9");
  EXPECT_EQ(fail("alice", "192.0.2.1"), 0s);
}

// Nobody can keep somebody out by failing in his name.
TEST_F(LockoutsTest, AUserIsNotKeptOutWhereHeIsKnown) {
  succeed("alice", "203.0.113.7");
  for (int each = 0; each < 10; ++each) fail("alice", "192.0.2." + std::to_string(each));
  EXPECT_FALSE(admit("alice", "192.0.2.200").admitted);
  EXPECT_TRUE(admit("alice", "203.0.113.7").admitted);
  EXPECT_EQ(admit("alice", "203.0.113.7").begin, now_.steady);
}

TEST_F(LockoutsTest, TimeForgets) {
  for (int each = 0; each < 6; ++each) fail("alice", "192.0.2.1");
  pass(301s);
  EXPECT_EQ(fail("alice", "192.0.2.1"), 0s);
}

TEST_F(LockoutsTest, AllowedClientsAreSpared) {
  settings_.allow = {*wire::Cidr::parse("10.0.0.0/8")};
  lockouts_.configure(settings_);
  for (int each = 0; each < 100; ++each) EXPECT_EQ(fail("alice", "10.1.2.3"), 0s);
  EXPECT_THAT(lockouts_.rows(now_), IsEmpty());
  settings_.allow.clear();
  settings_.enabled = false;
  lockouts_.configure(settings_);
  for (int each = 0; each < 100; ++each) EXPECT_EQ(fail("alice", "192.0.2.1"), 0s);
}

TEST_F(LockoutsTest, CanBeLifted) {
  for (int each = 0; each < 10; ++each) fail("alice", "192.0.2.1");
  EXPECT_FALSE(admit("alice", "192.0.2.1").admitted);
  EXPECT_EQ(lockouts_.lift("alice"), 1U);
  EXPECT_TRUE(admit("alice", "192.0.2.1").admitted);
  EXPECT_EQ(lockouts_.lift("192.0.2.1"), 1U);
  EXPECT_EQ(lockouts_.lift(""), 0U);
  EXPECT_THAT(lockouts_.rows(now_), IsEmpty());
}

TEST_F(LockoutsTest, OutlivesTheProcess) {
  for (int each = 0; each < 10; ++each) fail("alice", "192.0.2." + std::to_string(each));
  std::vector<StoredLockout> changed, gone;
  lockouts_.take_changes(changed, gone);
  EXPECT_THAT(gone, IsEmpty());
  Lockouts successor;
  successor.configure(settings_);
  successor.restore(changed, now_);
  EXPECT_FALSE(successor.admit("alice", ip("198.51.100.1"), now_, now_.steady + 1h).admitted);
  lockouts_.take_changes(changed = {}, gone);
  EXPECT_THAT(changed, IsEmpty());
  lockouts_.lift("alice");
  lockouts_.take_changes(changed, gone);
  EXPECT_THAT(gone, SizeIs(1));
}

TEST_F(LockoutsTest, RemembersNoMoreThanItMay) {
  for (std::uint32_t each = 0; each < Lockouts::max_entries; ++each) {
    const auto admission = lockouts_.admit(
        "u" + std::to_string(each), wire::IpAddress::v4(0x0a000000 + each), now_, now_.steady + 1h);
    lockouts_.failed(admission, now_);
  }
  EXPECT_LE(lockouts_.rows(now_).size(), Lockouts::max_entries);
}

}  // namespace
}  // namespace bulkhead::auth
