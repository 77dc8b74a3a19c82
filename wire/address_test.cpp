#include "wire/address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <vector>

namespace bulkhead::wire {
namespace {

TEST(IpAddress, ReadsAndPrintsBothFamilies) {
  EXPECT_EQ(IpAddress::parse("192.0.2.7")->to_string(), "192.0.2.7");
  EXPECT_EQ(IpAddress::parse("2001:DB8:0:0::1")->to_string(), "2001:db8::1");
  EXPECT_EQ(IpAddress::parse("[::1]")->to_string(), "::1");
}

TEST(IpAddress, MappedIsAlwaysV4) {
  const auto mapped = IpAddress::parse("::ffff:127.0.0.1");
  ASSERT_TRUE(mapped);
  EXPECT_TRUE(mapped->is_v4());
  EXPECT_TRUE(mapped->is_loopback());
  EXPECT_EQ(*mapped, *IpAddress::parse("127.0.0.1"));
}

TEST(IpAddress, RefusesWhatOnlyResolversUnderstand) {
  for (const char* text :
       {"127.1", "0177.0.0.1", "1.2.3.4.5", "", "::1%lo", "[1.2.3.4]", "1.2.3.4 ", "0x7f000001"}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
  EXPECT_FALSE(IpAddress::parse(std::string_view("1.2.3.4\0", 8)));
}

TEST(IpAddress, ReadsV4AsTheSystemDoes) {
  const std::string_view symbols = "0129.5";
  const auto agrees = [](const std::string& text) {
    in_addr system{};
    const bool known = inet_pton(AF_INET, text.c_str(), &system) == 1;
    const auto ours = IpAddress::parse(text);
    if (ours.has_value() != known) return false;
    return !known || *ours == IpAddress::v4(ntohl(system.s_addr));
  };
  // All texts of up to seven of these symbols, and some longer ones.
  for (std::size_t length = 1; length <= 7; ++length) {
    std::vector<std::size_t> digits(length, 0);
    while (true) {
      std::string text;
      for (const std::size_t digit : digits) text += symbols[digit];
      ASSERT_TRUE(agrees(text)) << text;
      std::size_t i = 0;
      while (i < length && ++digits[i] == symbols.size()) digits[i++] = 0;
      if (i == length) break;
    }
  }
  for (const char* text : {"255.255.255.255", "256.1.1.1", "1.2.3.1000", "1.2.3.4 ", " 1.2.3.4",
                           "192.168.001.1", "1.2.3.4.", "0x1.2.3.4", "+1.2.3.4"})
    EXPECT_TRUE(agrees(text)) << text;
  EXPECT_FALSE(IpAddress::parse(std::string_view("1.2.3.4\0", 8)));
  EXPECT_EQ(IpAddress::parse("203.0.113.255")->to_string(), "203.0.113.255");
}

TEST(Cidr, ContainsAtEveryBoundary) {
  const auto block = Cidr::parse("10.128.0.0/9");
  ASSERT_TRUE(block);
  EXPECT_TRUE(block->contains(*IpAddress::parse("10.128.0.0")));
  EXPECT_TRUE(block->contains(*IpAddress::parse("10.255.255.255")));
  EXPECT_FALSE(block->contains(*IpAddress::parse("10.127.255.255")));
  EXPECT_FALSE(block->contains(*IpAddress::parse("11.0.0.0")));
  EXPECT_TRUE(block->contains(*IpAddress::parse("::ffff:10.200.0.1")));
  EXPECT_TRUE(Cidr::parse("0.0.0.0/0")->contains(*IpAddress::parse("255.0.0.1")));
  EXPECT_FALSE(Cidr::parse("0.0.0.0/0")->contains(*IpAddress::parse("::1")));
  EXPECT_TRUE(Cidr::parse("fc00::/7")->contains(*IpAddress::parse("fdff::1")));
}

TEST(Cidr, RefusesGuesses) {
  for (const char* text :
       {"10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "::/129", "10/8", "/8"}) {
    EXPECT_FALSE(Cidr::parse(text)) << text;
  }
  EXPECT_EQ(Cidr::parse("1.2.3.4")->to_string(), "1.2.3.4/32");
}

TEST(Endpoint, RoundTripsThroughSockaddr) {
  for (const char* text : {"192.0.2.1:80", "[2001:db8::5]:65535"}) {
    const auto endpoint = Endpoint::parse(text);
    ASSERT_TRUE(endpoint) << text;
    sockaddr_storage storage;
    const auto length = endpoint->to_sockaddr(storage);
    EXPECT_EQ(Endpoint::from_sockaddr(reinterpret_cast<sockaddr*>(&storage), length), endpoint);
    EXPECT_EQ(endpoint->to_string(), text);
  }
  EXPECT_FALSE(Endpoint::parse("::1:80"));
  EXPECT_FALSE(Endpoint::parse("1.2.3.4"));
}

TEST(HostPort, ParsesAuthorities) {
  EXPECT_EQ(HostPort::parse("Example.com:443")->host, "Example.com");
  EXPECT_EQ(HostPort::parse("example.com", 80)->port, 80);
  EXPECT_EQ(HostPort::parse("[2001:db8::1]:8443")->to_string(), "[2001:db8::1]:8443");
  EXPECT_EQ(HostPort::parse("b\xc3\xbc"
                            "cher.example:80")
                ->port,
            80);
  for (const char* text :
       {"example.com", "a@b:80", ":80", "example.com:0", "example.com:65536", "::1:80",
        "[example.com]:80", "a b:80", "127.1:80", "0x7f.0.0.1:80", "1.2.3.4.:80", "a..b:80"}) {
    EXPECT_FALSE(HostPort::parse(text)) << text;
  }
}

TEST(Host, LimitsLabelsAndNames) {
  EXPECT_TRUE(is_valid_host(std::string(63, 'a') + ".example."));
  EXPECT_FALSE(is_valid_host(std::string(64, 'a')));
  EXPECT_FALSE(is_valid_host(std::string(300, 'a')));
  EXPECT_FALSE(is_valid_host(std::string_view("a\0b", 3)));
  EXPECT_TRUE(is_valid_host("under_score.example"));
}

}  // namespace
}  // namespace bulkhead::wire
