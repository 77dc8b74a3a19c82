#include "wire/socks/socks4.h"

#include "wire/every_split.h"

namespace bulkhead::wire::socks {
namespace {

TEST(Socks4Request, AddressesAndDomains) {
  const auto name = text_octets("example.com") + hex("00");
  const struct {
    Octets request;
    Command command;
    Address address;
    std::string_view userid;
  } rows[] = {
      {hex("04 01 01bb c0000207 00"), Command::connect,
       Endpoint{*IpAddress::parse("192.0.2.7"), 443}, ""},
      {hex("04 02 0050 c0000207 6d6500"), Command::bind,
       Endpoint{*IpAddress::parse("192.0.2.7"), 80}, "me"},
      {hex("04 02 0000 00000000 00"), Command::bind, Endpoint{}, ""},
      {hex("04 01 0050 00000001 6d6500") + name, Command::connect, HostPort{"example.com", 80},
       "me"},
      {hex("04 01 0050 000000ff 00") + name, Command::connect, HostPort{"example.com", 80}, ""},
      {hex("04 01 0050 00000100 00"), Command::connect, Endpoint{*IpAddress::parse("0.0.1.0"), 80},
       ""},
      {hex("04 01 0050 00000001 00") + text_octets("127.0.0.1") + hex("00"), Command::connect,
       Endpoint{*IpAddress::parse("127.0.0.1"), 80}, ""},
      {hex("04 01 0050 00000001 00") + text_octets("::1") + hex("00"), Command::connect,
       Endpoint{*IpAddress::parse("::1"), 80}, ""},
  };
  for (const auto& row : rows) {
    const auto parsed = parse_at_every_split(parse_request_v4, row.request);
    EXPECT_EQ(parsed.message().command, row.command);
    EXPECT_EQ(parsed.message().address, row.address);
    EXPECT_EQ(parsed.message().userid, row.userid);
  }
}

TEST(Socks4Request, StringsHaveBounds) {
  const auto start = hex("04 01 0050 00000001");
  const auto name = text_octets("a.b") + hex("00");
  const auto longest = start + Octets(255, 'u') + hex("00") + name;
  EXPECT_EQ(parse_at_every_split(parse_request_v4, longest).message().userid.size(), 255u);
  EXPECT_TRUE(parse_request_v4(start + Octets(255, 'u')).needs_more());
  EXPECT_EQ(parse_request_v4(start + Octets(256, 'u')).error(), Error::userid_too_long);
  EXPECT_EQ(parse_request_v4(start + Octets(256, 'u') + hex("00")).error(), Error::userid_too_long);
  EXPECT_TRUE(parse_request_v4(start + hex("00") + Octets(255, 'd')).needs_more());
  EXPECT_EQ(parse_request_v4(start + hex("00") + Octets(256, 'd')).error(), Error::domain_too_long);
}

TEST(Socks4Request, EachError) {
  const struct {
    const char* request;
    Error error;
  } rows[] = {
      {"05", Error::wrong_version},
      {"04 00", Error::unknown_command},
      {"04 03 0050", Error::unknown_command},
      {"04 01 0000 c0000207", Error::port_zero},
      {"04 01 0050 00000001 00 00", Error::invalid_domain},
      {"04 01 0050 00000001 00 2000", Error::invalid_domain},
  };
  for (const auto& row : rows) {
    const auto request = hex(row.request);
    const auto parsed = parse_request_v4(request);
    ASSERT_TRUE(parsed.is_error()) << row.request;
    EXPECT_EQ(parsed.error(), row.error) << row.request;
    EXPECT_TRUE(parse_request_v4(std::span(request).first(1)).needs_more() ||
                row.error == Error::wrong_version);
  }
}

TEST(Socks4Reply, IsEightOctets) {
  const Endpoint bound{*IpAddress::parse("192.0.2.7"), 443};
  EXPECT_EQ(to_octets(build_reply_v4(ReplyCodeV4::granted, bound).octets()),
            hex("00 5a 01bb c0000207"));
  EXPECT_EQ(to_octets(build_reply_v4(ReplyCodeV4::rejected).octets()), hex("00 5b 0000 00000000"));
  EXPECT_EQ(to_octets(build_reply_v4(ReplyCodeV4::identd_unreachable).octets()),
            hex("00 5c 0000 00000000"));
  EXPECT_EQ(to_octets(build_reply_v4(ReplyCodeV4::userid_mismatch).octets()),
            hex("00 5d 0000 00000000"));
  const Endpoint six{*IpAddress::parse("2001:db8::1"), 443};
  EXPECT_EQ(to_octets(build_reply_v4(ReplyCodeV4::granted, six).octets()),
            hex("00 5a 01bb 00000000"));
}

}  // namespace
}  // namespace bulkhead::wire::socks
