#include "egress/destination_policy.h"

#include <gtest/gtest.h>

#include "egress/testing.h"

namespace bulkhead::egress {
namespace {

using testing::ip;

config::Destinations rules(std::vector<std::string> allow, std::vector<std::string> deny) {
  config::Destinations out;
  for (const auto& text : allow) out.allow.push_back(*wire::Cidr::parse(text));
  for (const auto& text : deny) out.deny.push_back(*wire::Cidr::parse(text));
  return out;
}

std::vector<wire::Endpoint> listeners(std::vector<std::string> texts) {
  std::vector<wire::Endpoint> out;
  for (const auto& text : texts) out.push_back(*wire::Endpoint::parse(text));
  return out;
}

std::string verdict(const DestinationPolicy& policy, std::string_view address,
                    std::uint16_t port = 443) {
  const auto denied = policy.check({ip(address), port});
  return denied ? std::string(denied->reason) : "allowed";
}

TEST(DestinationPolicy, RefusesByDefaultWhatIsNoOutsideHost) {
  const DestinationPolicy policy({}, {});
  EXPECT_EQ(verdict(policy, "0.0.0.0"), "unspecified");
  EXPECT_EQ(verdict(policy, "0.1.2.3"), "unspecified");
  EXPECT_EQ(verdict(policy, "::"), "unspecified");
  EXPECT_EQ(verdict(policy, "127.0.0.1"), "loopback");
  EXPECT_EQ(verdict(policy, "127.255.255.254"), "loopback");
  EXPECT_EQ(verdict(policy, "::1"), "loopback");
  EXPECT_EQ(verdict(policy, "::ffff:127.0.0.1"), "loopback");
  EXPECT_EQ(verdict(policy, "169.254.7.7"), "link-local");
  EXPECT_EQ(verdict(policy, "fe80::1"), "link-local");
  EXPECT_EQ(verdict(policy, "febf::1"), "link-local");
  EXPECT_EQ(verdict(policy, "169.254.169.254"), "cloud metadata");
  EXPECT_EQ(verdict(policy, "100.100.100.200"), "cloud metadata");
  EXPECT_EQ(verdict(policy, "168.63.129.16"), "cloud metadata");
  EXPECT_EQ(verdict(policy, "192.0.0.192"), "cloud metadata");
  EXPECT_EQ(verdict(policy, "fd00:ec2::254"), "cloud metadata");
  EXPECT_EQ(verdict(policy, "224.0.0.1"), "multicast");
  EXPECT_EQ(verdict(policy, "239.255.255.255"), "multicast");
  EXPECT_EQ(verdict(policy, "ff02::1"), "multicast");
  EXPECT_EQ(verdict(policy, "255.255.255.255"), "broadcast");
}

TEST(DestinationPolicy, AllowsEverythingElse) {
  const DestinationPolicy policy({}, {});
  for (const char* address :
       {"192.0.2.1", "10.0.0.1", "128.0.0.1", "126.255.255.255", "1.0.0.0", "223.255.255.255",
        "169.253.0.1", "fec0::1", "2001:db8::1", "fd00:ec2::253", "fc00::1"}) {
    EXPECT_EQ(verdict(policy, address), "allowed") << address;
  }
}

TEST(DestinationPolicy, LooksInsideIpv6) {
  const DestinationPolicy policy({}, {});
  EXPECT_EQ(verdict(policy, "::127.0.0.1"), "loopback");
  EXPECT_EQ(verdict(policy, "::ffff:0:127.0.0.1"), "loopback");
  EXPECT_EQ(verdict(policy, "64:ff9b::169.254.169.254"), "cloud metadata");
  EXPECT_EQ(verdict(policy, "64:ff9b:1::127.0.0.1"), "loopback");
  EXPECT_EQ(verdict(policy, "2002:7f00:1::"), "loopback");
  EXPECT_EQ(verdict(policy, "2002:a9fe:a9fe::1"), "cloud metadata");
  EXPECT_EQ(verdict(policy, "2001:0:7f00:1::"), "loopback");                // the server
  EXPECT_EQ(verdict(policy, "2001:0:c000:201:0:0:80ff:fffe"), "loopback");  // the client
  EXPECT_EQ(verdict(policy, "64:ff9b::192.0.2.1"), "allowed");
  EXPECT_EQ(verdict(policy, "2002:c000:201::1"), "allowed");
}

TEST(DestinationPolicy, AllowOfTheOuterAddressDoesNotOpenTheInner) {
  const DestinationPolicy policy(rules({"64:ff9b::/96"}, {}), {});
  EXPECT_EQ(verdict(policy, "64:ff9b::127.0.0.1"), "loopback");
  const DestinationPolicy both(rules({"64:ff9b::/96", "127.0.0.0/8"}, {}), {});
  EXPECT_EQ(verdict(both, "64:ff9b::127.0.0.1"), "allowed");
}

TEST(DestinationPolicy, AllowOpensWhatIsRefusedByDefault) {
  const DestinationPolicy policy(rules({"127.0.0.0/8"}, {}), {});
  EXPECT_EQ(verdict(policy, "127.0.0.1"), "allowed");
  EXPECT_EQ(verdict(policy, "::1"), "loopback");
}

TEST(DestinationPolicy, TheLongestBlockDecides) {
  const std::string denied = "access_control.destinations.deny";
  const DestinationPolicy policy(rules({"10.1.0.0/16"}, {"10.0.0.0/8", "10.1.2.0/24"}), {});
  EXPECT_EQ(verdict(policy, "10.2.0.1"), denied);
  EXPECT_EQ(verdict(policy, "10.1.0.1"), "allowed");
  EXPECT_EQ(verdict(policy, "10.1.2.1"), denied);
  EXPECT_EQ(verdict(policy, "11.0.0.1"), "allowed");
}

TEST(DestinationPolicy, OfEqualBlocksDenyWins) {
  const DestinationPolicy policy(rules({"10.0.0.0/8"}, {"10.0.0.0/8"}), {});
  EXPECT_EQ(verdict(policy, "10.0.0.1"), "access_control.destinations.deny");
}

TEST(DestinationPolicy, DenyEverythingAndAllowSome) {
  const DestinationPolicy policy(rules({"192.0.2.0/24"}, {"0.0.0.0/0", "::/0"}), {});
  EXPECT_EQ(verdict(policy, "192.0.2.9"), "allowed");
  EXPECT_EQ(verdict(policy, "198.51.100.1"), "access_control.destinations.deny");
  EXPECT_EQ(verdict(policy, "2001:db8::1"), "access_control.destinations.deny");
}

TEST(DestinationPolicy, RefusesOwnListeners) {
  const DestinationPolicy policy(rules({"127.0.0.0/8"}, {}), listeners({"127.0.0.1:8080"}));
  EXPECT_EQ(verdict(policy, "127.0.0.1", 8080), "own listener");
  EXPECT_EQ(verdict(policy, "127.0.0.2", 8080), "allowed");
  EXPECT_EQ(verdict(policy, "127.0.0.1", 8081), "allowed");
}

TEST(DestinationPolicy, OwnListenersAreOpenedByNameOnly) {
  const DestinationPolicy policy(rules({"127.0.0.1/32"}, {}), listeners({"127.0.0.1:8080"}));
  EXPECT_EQ(verdict(policy, "127.0.0.1", 8080), "allowed");
}

TEST(DestinationPolicy, AWildcardListenerIsEveryLocalAddress) {
  const auto is_local = [](const wire::IpAddress& address) {
    return address == ip("192.0.2.7") || address == ip("2001:db8::7");
  };
  const DestinationPolicy v4(rules({"127.0.0.0/8"}, {}), listeners({"0.0.0.0:8080"}), is_local);
  EXPECT_EQ(verdict(v4, "192.0.2.7", 8080), "own listener");
  EXPECT_EQ(verdict(v4, "127.0.0.9", 8080), "own listener");
  EXPECT_EQ(verdict(v4, "0.0.0.0", 8080), "own listener");
  EXPECT_EQ(verdict(v4, "192.0.2.8", 8080), "allowed");
  EXPECT_EQ(verdict(v4, "192.0.2.7", 80), "allowed");
  EXPECT_EQ(verdict(v4, "2001:db8::7", 8080), "allowed");
  const DestinationPolicy dual({}, listeners({"[::]:8080"}), is_local);
  EXPECT_EQ(verdict(dual, "192.0.2.7", 8080), "own listener");
  EXPECT_EQ(verdict(dual, "2001:db8::7", 8080), "own listener");
}

TEST(DestinationPolicy, OwnListenersBehindNat64AreRefused) {
  const DestinationPolicy policy({}, listeners({"192.0.2.7:8080"}));
  EXPECT_EQ(verdict(policy, "64:ff9b::192.0.2.7", 8080), "own listener");
}

TEST(DestinationPolicy, KnowsLocalAddresses) {
  EXPECT_TRUE(is_local_address(ip("127.0.0.1")));
  EXPECT_TRUE(is_local_address(ip("127.1.2.3")));
  EXPECT_FALSE(is_local_address(ip("192.0.2.1")));
}

}  // namespace
}  // namespace bulkhead::egress
