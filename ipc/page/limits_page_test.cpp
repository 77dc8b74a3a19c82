#include "ipc/page/limits_page.h"

#include <gtest/gtest.h>
#include <memory>
#include <set>

#include "ipc/page/bans_page.h"

namespace bulkhead::ipc {
namespace {

constexpr HashKey secret{1, 2};
constexpr std::uint64_t second = 1'000'000'000;

wire::IpAddress ip(const char* text) {
  return *wire::IpAddress::parse(text);
}

TEST(LimitsPage, AnIpv6ClientIsItsNetwork) {
  EXPECT_EQ(subject_of(secret, ip("2001:db8::1")), subject_of(secret, ip("2001:db8::2:3:4:5")));
  EXPECT_NE(subject_of(secret, ip("2001:db8::1")), subject_of(secret, ip("2001:db8:0:1::1")));
  EXPECT_NE(subject_of(secret, ip("192.0.2.1")), subject_of(secret, ip("192.0.2.2")));
  EXPECT_EQ(subject_of(secret, ip("::ffff:192.0.2.1")), subject_of(secret, ip("192.0.2.1")));
  EXPECT_NE(subject_of(secret, ip("192.0.2.1")), subject_of(HashKey{1, 3}, ip("192.0.2.1")));
}

TEST(LimitsPage, KeysDoNotMeet) {
  std::set<std::uint64_t> keys;
  const std::array subjects{subject_of(secret, ip("192.0.2.1")), subject_of(secret, "alice"),
                            subject_of(secret, "bob"), subject_of(secret, "")};
  for (const std::uint64_t subject : subjects) {
    for (std::uint8_t scope = 1; scope <= 10; ++scope) {
      for (std::uint32_t detail = 0; detail < 100; ++detail)
        keys.insert(key_of(subject, static_cast<LimitScope>(scope), detail));
    }
  }
  EXPECT_EQ(keys.size(), subjects.size() * 10 * 100);
  EXPECT_FALSE(keys.contains(0));
}

Ban a_ban(const char* address, std::uint64_t left = 10 * second) {
  return {ip(address), BanReason::port_scan, 1234, left};
}

void ban_address(BansPage& page, const char* address, std::uint64_t now,
                 std::uint64_t left = 10 * second) {
  ban(page, subject_of(secret, ip(address)), a_ban(address, left), now);
}

TEST(Bans, LastForTheirTime) {
  const auto page = std::make_unique<BansPage>();
  const std::uint64_t subject = subject_of(secret, ip("2001:db8::1"));
  EXPECT_FALSE(is_banned(*page, subject, 0));
  ban_address(*page, "2001:db8::1", 5);
  EXPECT_TRUE(is_banned(*page, subject, 5 + 9 * second));
  EXPECT_FALSE(is_banned(*page, subject, 5 + 11 * second));
  EXPECT_FALSE(is_banned(*page, subject_of(secret, ip("192.0.2.1")), 5));
  const auto listed = bans(*page, 5 + 4 * second);
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0].address, ip("2001:db8::1"));
  EXPECT_EQ(to_string(listed[0].reason), "port_scan");
  EXPECT_EQ(listed[0].since_ms, 1234U);
  EXPECT_EQ(listed[0].left_ns, 6 * second);
  EXPECT_TRUE(bans(*page, 5 + 11 * second).empty());
  EXPECT_EQ(page->count, 0U) << "what has ended is forgotten";
}

TEST(Bans, CanBeLiftedAndMadeLonger) {
  const auto page = std::make_unique<BansPage>();
  const std::uint64_t subject = subject_of(secret, ip("192.0.2.1"));
  ban_address(*page, "192.0.2.1", 0, 100 * second);
  ban_address(*page, "192.0.2.1", 50 * second, 10 * second);
  EXPECT_TRUE(is_banned(*page, subject, 90 * second)) << "the longer of both";
  EXPECT_EQ(page->count, 1U);
  EXPECT_TRUE(lift(*page, subject));
  EXPECT_FALSE(is_banned(*page, subject, 0));
  EXPECT_FALSE(lift(*page, subject));
}

TEST(Bans, TheOneThatEndsFirstMakesRoom) {
  const auto page = std::make_unique<BansPage>();
  ban_address(*page, "203.0.113.7", 0, 1000 * second);
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    const wire::IpAddress address = wire::IpAddress::v4(0x0a000000 + i);
    ban(*page, subject_of(secret, address),
        {address, BanReason::by_hand, 0, (1 + i % 500) * second}, 0);
  }
  EXPECT_TRUE(is_banned(*page, subject_of(secret, ip("203.0.113.7")), 0));
  EXPECT_EQ(bans(*page, 0).size(), max_bans);
  EXPECT_EQ(page->count, max_bans);
}

}  // namespace
}  // namespace bulkhead::ipc
