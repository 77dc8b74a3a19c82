#include "wire/proxy_protocol/v1.h"

#include <string>

#include "wire/every_split.h"

namespace bulkhead::wire::proxy_protocol {
namespace {

Addresses addresses(const char* source, const char* destination) {
  return {*Endpoint::parse(source), *Endpoint::parse(destination)};
}

TEST(ProxyV1, ReadsAndWritesBothFamilies) {
  const struct {
    const char* line;
    Addresses spoken;
  } rows[] = {
      {"PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n",
       addresses("192.0.2.1:56324", "198.51.100.2:443")},
      {"PROXY TCP4 255.255.255.255 255.255.255.255 65535 0\r\n",
       addresses("255.255.255.255:65535", "255.255.255.255:0")},
      {"PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n",
       addresses("[2001:db8::1]:1", "[2001:db8::2]:65535")},
      {"PROXY TCP6 ::ffff:192.0.2.1 2001:db8::2 1 2\r\n",
       addresses("192.0.2.1:1", "[2001:db8::2]:2")},
  };
  for (const auto& [line, spoken] : rows) {
    SCOPED_TRACE(line);
    const auto parsed = parse_at_every_split(parse_v1, text_octets(line));
    EXPECT_EQ(parsed.message().addresses, spoken);
    EXPECT_EQ(parsed.message().version, Version::v1);
    EXPECT_EQ(parsed.message().transport, Transport::stream);
    EXPECT_EQ(as_text(build_v1(spoken).octets()), line);
  }
}

TEST(ProxyV1, UnknownKeepsTheSocketsAddresses) {
  for (const char* line :
       {"PROXY UNKNOWN\r\n", "PROXY UNKNOWN ffff:f...f:ffff anything at all\r\n"}) {
    const auto parsed = parse_at_every_split(parse_v1, text_octets(line));
    EXPECT_FALSE(parsed.message().addresses) << line;
  }
  EXPECT_EQ(as_text(build_v1(std::nullopt).octets()), "PROXY UNKNOWN\r\n");
}

TEST(ProxyV1, TheLongestLineIs107Octets) {
  const auto line = [](std::size_t length) {
    return "PROXY UNKNOWN " + std::string(length - 16, 'x') + "\r\n";
  };
  EXPECT_EQ(parse_at_every_split(parse_v1, text_octets(line(107))).consumed(), 107u);
  EXPECT_EQ(parse_v1(text_octets(line(108))).error(), Error::line_too_long);
  EXPECT_EQ(parse_v1(text_octets(line(108).substr(0, 107))).error(), Error::line_too_long);
  EXPECT_EQ(parse_v1(text_octets(line(200).substr(0, 107))).error(), Error::line_too_long);
  const char* widest = "[fedc:ba98:7654:3210:fedc:ba98:7654:3210]:65535";
  EXPECT_LE(build_v1(addresses(widest, widest)).size(), max_v1_line);
}

TEST(ProxyV1, EachError) {
  const struct {
    const char* line;
    Error error;
  } rows[] = {
      {"G", Error::not_proxy_protocol},
      {"PROXX", Error::not_proxy_protocol},
      {"proxy ", Error::not_proxy_protocol},
      {"PROXY\r", Error::not_proxy_protocol},
      {"PROXY \r\n", Error::unknown_protocol},
      {"PROXY UNKNOWNS\r\n", Error::unknown_protocol},
      {"PROXY TCP 1.2.3.4 5.6.7.8 1 2\r\n", Error::unknown_protocol},
      {"PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n", Error::unknown_protocol},
      {"PROXY TCP4\r\n", Error::malformed_line},
      {"PROXY TCP4 \r\n", Error::malformed_line},
      {"PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n", Error::malformed_line},
      {"PROXY TCP4 1.2.3.4 5.6.7.8 1 \r\n", Error::malformed_line},
      {"PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n", Error::malformed_line},
      {"PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n", Error::malformed_line},
      {"PROXY TCP4  1.2.3.4 5.6.7.8 1 2\r\n", Error::malformed_line},
      {"PROXY TCP4 1.2.3.4  5.6.7.8 1 2\r\n", Error::malformed_line},
      {"PROXY TCP4  5.6.7.8 1 2\r\n", Error::malformed_line},
      {"PROXY TCP4 1.2.3.4  1 2\r\n", Error::malformed_line},
      {"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n", Error::malformed_line},
      {"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\rX", Error::malformed_line},
      {"PROXY TCP4 1.2.3 5.6.7.8 1 2\r\n", Error::invalid_address},
      {"PROXY TCP4 1.2.3.4 5.6.7.08 1 2\r\n", Error::invalid_address},
      {"PROXY TCP4 example.com 5.6.7.8 1 2\r\n", Error::invalid_address},
      {"PROXY TCP6 [::1] ::2 1 2\r\n", Error::invalid_address},
      {"PROXY TCP6 fe80::1%eth0 ::2 1 2\r\n", Error::invalid_address},
      {"PROXY TCP4 ::1 ::2 1 2\r\n", Error::family_mismatch},
      {"PROXY TCP4 1.2.3.4 ::ffff:5.6.7.8 1 2\r\n", Error::family_mismatch},
      {"PROXY TCP6 ::1 5.6.7.8 1 2\r\n", Error::family_mismatch},
      {"PROXY TCP4 1.2.3.4 5.6.7.8 65536 2\r\n", Error::invalid_port},
      {"PROXY TCP4 1.2.3.4 5.6.7.8 1 02\r\n", Error::invalid_port},
      {"PROXY TCP4 1.2.3.4 5.6.7.8 -1 2\r\n", Error::invalid_port},
      {"PROXY TCP4 1.2.3.4 5.6.7.8 +1 2\r\n", Error::invalid_port},
      {"PROXY TCP4 1.2.3.4 5.6.7.8 1 2x\r\n", Error::invalid_port},
  };
  for (const auto& [line, error] : rows) {
    const auto parsed = parse_v1(text_octets(line));
    ASSERT_TRUE(parsed.is_error()) << line;
    EXPECT_EQ(parsed.error(), error) << line << to_string(parsed.error());
  }
}

}  // namespace
}  // namespace bulkhead::wire::proxy_protocol
