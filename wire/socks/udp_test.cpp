#include "wire/socks/udp.h"

#include "wire/every_split.h"

namespace bulkhead::wire::socks {
namespace {

const struct {
  const char* name;
  Octets header;
  Address address;
} rows[] = {
    {"IPv4", hex("0000 00 01 c0000207 0035"), Endpoint{*IpAddress::parse("192.0.2.7"), 53}},
    {"IPv6", hex("0000 00 04 20010db8 00000000 00000000 00000001 0035"),
     Endpoint{*IpAddress::parse("2001:db8::1"), 53}},
    {"domain", hex("0000 00 03 03 612e62 0035"), HostPort{"a.b", 53}},
};

TEST(SocksDatagram, HeaderAndDataBothWays) {
  for (const auto& [name, header, address] : rows) {
    SCOPED_TRACE(name);
    const auto built = build_datagram_header(address);
    ASSERT_TRUE(built);
    EXPECT_EQ(to_octets(built->octets()), header);
    const auto datagram = header + text_octets("query");
    const auto parsed = parse_datagram(datagram);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->fragment, 0);
    EXPECT_EQ(parsed->address, address);
    EXPECT_EQ(as_text(parsed->data), "query");
    EXPECT_TRUE(parse_datagram(header)->data.empty());
  }
}

TEST(SocksDatagram, CutAnywhereInTheHeaderIsTruncated) {
  for (const auto& [name, header, address] : rows) {
    for (std::size_t size = 0; size < header.size(); ++size) {
      const Octets cut(header.begin(), header.begin() + static_cast<std::ptrdiff_t>(size));
      const auto parsed = parse_datagram(cut);
      ASSERT_FALSE(parsed) << name << size;
      EXPECT_EQ(parsed.error(), Error::truncated_datagram) << name << size;
    }
  }
}

TEST(SocksDatagram, ReportsFragmentsAndIgnoresRsv) {
  EXPECT_EQ(parse_datagram(hex("0000 81 01 c0000207 0035"))->fragment, 0x81);
  EXPECT_TRUE(parse_datagram(hex("beef 00 01 c0000207 0035")));
}

TEST(SocksDatagram, RefusesWhatLeadsNowhere) {
  EXPECT_EQ(parse_datagram(hex("0000 00 09 c0000207 0035")).error(), Error::unknown_address_type);
  EXPECT_EQ(parse_datagram(hex("0000 00 03 01 20 0035")).error(), Error::invalid_domain);
  EXPECT_EQ(parse_datagram(hex("0000 00 01 c0000207 0000")).error(), Error::port_zero);
  EXPECT_FALSE(build_datagram_header(HostPort{"a b", 53}));
  EXPECT_FALSE(build_datagram_header(HostPort{"a.b", 0}));
}

}  // namespace
}  // namespace bulkhead::wire::socks
