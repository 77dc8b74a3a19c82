#include "workers/acceptor/policy/client_policy.h"

#include <gtest/gtest.h>

namespace bulkhead::acceptor {
namespace {

wire::IpAddress ip(const char* text) {
  return *wire::IpAddress::parse(text);
}

TEST(ClientPolicy, EmptyListsAdmitEveryone) {
  EXPECT_TRUE(admits({}, ip("203.0.113.1")));
}

TEST(ClientPolicy, AWhitelistAdmitsNobodyElse) {
  config::AccessControl control;
  control.whitelist = {*wire::Cidr::parse("10.0.0.0/8")};
  EXPECT_TRUE(admits(control, ip("10.1.1.1")));
  EXPECT_FALSE(admits(control, ip("192.0.2.1")));
  EXPECT_FALSE(admits(control, ip("::1")));
}

TEST(ClientPolicy, TheBlacklistWins) {
  config::AccessControl control;
  control.whitelist = {*wire::Cidr::parse("10.0.0.0/8")};
  control.blacklist = {*wire::Cidr::parse("10.6.0.0/16")};
  EXPECT_FALSE(admits(control, ip("10.6.7.8")));
  EXPECT_TRUE(admits(control, ip("10.7.7.8")));
}

TEST(ClientPolicy, NobodyIsATrustedProxyByDefault) {
  EXPECT_FALSE(is_trusted_proxy({}, ip("127.0.0.1")));
  EXPECT_TRUE(is_trusted_proxy({*wire::Cidr::parse("127.0.0.0/8")}, ip("127.0.0.1")));
}

}  // namespace
}  // namespace bulkhead::acceptor
