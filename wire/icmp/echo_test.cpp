#include "wire/icmp/echo.h"

#include <gtest/gtest.h>
#include <vector>

namespace bulkhead::wire::icmp {
namespace {

const Echo echo{0x1234, 0x0102'0304'0506'0708};

std::vector<std::uint8_t> reply_to(Family family) {
  const auto request = build_echo_request(family, echo);
  std::vector<std::uint8_t> octets(request.octets().begin(), request.octets().end());
  octets[0] = family == Family::v4 ? 0 : 129;
  octets[2] = 0xAB;  // checksum and identifier are the kernel's business
  octets[5] = 0x77;
  return octets;
}

TEST(Icmp, TheRequestIsAsTheRfcsHaveIt) {
  const std::vector<std::uint8_t> expected{8, 0, 0, 0, 0, 0, 0x12, 0x34, 1, 2, 3, 4, 5, 6, 7, 8};
  const auto request = build_echo_request(Family::v4, echo);
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), request.octets().begin(),
                         request.octets().end()));
  EXPECT_EQ(build_echo_request(Family::v6, echo).octets()[0], 128);
}

TEST(Icmp, AReplyBringsTheEchoBack) {
  for (const Family family : {Family::v4, Family::v6}) {
    auto octets = reply_to(family);
    EXPECT_EQ(parse_echo_reply(family, octets), echo);
    octets.push_back(1);
    EXPECT_EQ(parse_echo_reply(family, octets), echo) << "what follows does not matter";
  }
}

TEST(Icmp, NothingElseIsAReply) {
  const auto good = reply_to(Family::v4);
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(parse_echo_reply(Family::v4, std::span(good).first(size))) << size;
  }
  EXPECT_FALSE(parse_echo_reply(Family::v6, good));
  EXPECT_FALSE(parse_echo_reply(Family::v4, build_echo_request(Family::v4, echo).octets()));
  auto unreachable = good;
  unreachable[1] = 1;
  EXPECT_FALSE(parse_echo_reply(Family::v4, unreachable));
}

}  // namespace
}  // namespace bulkhead::wire::icmp
