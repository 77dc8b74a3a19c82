#include "wire/socks/address.h"

#include "wire/every_split.h"

namespace bulkhead::wire::socks {
namespace {

struct Case {
  const char* name;
  Octets field;
  Address address;
};

const Case cases[] = {
    {"IPv4", hex("01 c0 00 02 07 01 bb"), Endpoint{*IpAddress::parse("192.0.2.7"), 443}},
    {"IPv6", hex("04 20010db8 00000000 00000000 00000001 00 35"),
     Endpoint{*IpAddress::parse("2001:db8::1"), 53}},
    {"domain", hex("03 0b") + text_octets("example.com") + hex("00 50"),
     HostPort{"example.com", 80}},
    {"port 0", hex("01 00000000 0000"), Endpoint{}},
};

TEST(SocksAddress, ReadsAndWritesEveryForm) {
  for (const auto& [name, field, address] : cases) {
    SCOPED_TRACE(name);
    const auto parsed = parse_at_every_split(parse_address_field, field);
    EXPECT_EQ(parsed.message(), address);
    const auto built = build_address_field(address);
    ASSERT_TRUE(built);
    EXPECT_EQ(to_octets(built->octets()), field);
  }
}

// A policy by address must see an address however it is written.
TEST(SocksAddress, ALiteralWrittenAsDomainIsAnAddress) {
  for (const char* text : {"127.0.0.1", "::1", "::ffff:10.0.0.1"}) {
    const auto field = Octets{3, static_cast<std::uint8_t>(std::string_view(text).size())} +
                       text_octets(text) + hex("0050");
    const auto parsed = parse_address_field(field);
    ASSERT_TRUE(parsed.is_complete()) << text;
    EXPECT_EQ(parsed.message(), Address(Endpoint{*IpAddress::parse(text), 80})) << text;
  }
  const auto built = build_address_field(HostPort{"10.1.2.3", 80});
  ASSERT_TRUE(built);
  EXPECT_EQ(to_octets(built->octets()), hex("01 0a010203 0050"));
}

TEST(SocksAddress, MappedIpv6IsIpv4) {
  const auto field = hex("04 00000000 00000000 0000ffff 7f000001 0050");
  EXPECT_EQ(parse_address_field(field).message(),
            Address(Endpoint{*IpAddress::parse("127.0.0.1"), 80}));
}

TEST(SocksAddress, RefusesWhatIsNoAddress) {
  for (const std::uint8_t type : {0, 2, 5, 255}) {
    const auto field = Octets{type};
    EXPECT_EQ(parse_address_field(field).error(), Error::unknown_address_type) << int{type};
  }
  EXPECT_EQ(parse_address_field(hex("03 00")).error(), Error::invalid_domain);
  for (const std::string_view host :
       {std::string_view("a b"), std::string_view("127.1"), std::string_view("a\0b", 3),
        std::string_view("[::1]"), std::string_view("a\r\nb"), std::string_view("..")}) {
    const auto field =
        Octets{3, static_cast<std::uint8_t>(host.size())} + text_octets(host) + hex("0050");
    ASSERT_TRUE(parse_address_field(field).is_error()) << host;
    EXPECT_EQ(parse_address_field(field).error(), Error::invalid_domain) << host;
    EXPECT_FALSE(build_address_field(HostPort{std::string(host), 80})) << host;
  }
  EXPECT_FALSE(build_address_field(HostPort{std::string(300, 'a'), 80}));
}

TEST(SocksAddress, TheLongestNameFits) {
  std::string host;
  for (int label = 0; label < 4; ++label) host += std::string(label == 3 ? 61 : 63, 'a') + ".";
  ASSERT_EQ(host.size(), 254u);
  const auto built = build_address_field(HostPort{host, 65535});
  ASSERT_TRUE(built);
  const auto parsed = parse_at_every_split(parse_address_field, to_octets(built->octets()));
  EXPECT_EQ(parsed.message(), Address(HostPort{host, 65535}));
}

TEST(SocksAddress, TurnsIntoHostPort) {
  EXPECT_EQ(to_host_port(cases[1].address), (HostPort{"2001:db8::1", 53}));
  EXPECT_EQ(to_host_port(cases[2].address), (HostPort{"example.com", 80}));
}

}  // namespace
}  // namespace bulkhead::wire::socks
