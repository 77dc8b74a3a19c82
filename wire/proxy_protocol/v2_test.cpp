#include "wire/proxy_protocol/v2.h"

#include <algorithm>

#include "wire/every_split.h"
#include "wire/proxy_protocol/crc32c.h"

namespace bulkhead::wire::proxy_protocol {
namespace {

const Octets start = hex("0d0a0d0a000d0a515549540a");
const Octets inet = hex("c0000201 c6336402 dc04 01bb");
const Addresses inet_addresses{*Endpoint::parse("192.0.2.1:56324"),
                               *Endpoint::parse("198.51.100.2:443")};
const Addresses inet6_addresses{*Endpoint::parse("[2001:db8::1]:1"),
                                *Endpoint::parse("[2001:db8::2]:2")};

Octets header(const char* kind, const Octets& payload) {
  const auto length = payload.size();
  return start + hex(kind) +
         Octets{static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length)} +
         payload;
}

TEST(Crc32c, KnownAnswers) {
  EXPECT_EQ(crc32c(text_octets("123456789")), 0xe3069283u);
  EXPECT_EQ(crc32c(Octets(32, 0)), 0x8a9136aau) << "RFC 3720 B.4";
  EXPECT_EQ(crc32c(text_octets("6789"), crc32c(text_octets("12345"))), 0xe3069283u);
}

TEST(ProxyV2, ReadsAndWritesAddresses) {
  const struct {
    const char* kind;
    Octets payload;
    Addresses spoken;
    Transport transport;
  } rows[] = {
      {"21 11", inet, inet_addresses, Transport::stream},
      {"21 12", inet, inet_addresses, Transport::datagram},
      {"21 21",
       hex("20010db8 00000000 00000000 00000001 20010db8 00000000 00000000 00000002 0001 0002"),
       inet6_addresses, Transport::stream},
      {"21 21",
       hex("00000000 00000000 0000ffff c0000201 20010db8 00000000 00000000 00000002 dc04 0002"),
       {inet_addresses.source, inet6_addresses.destination},
       Transport::stream},
  };
  for (const auto& [kind, payload, spoken, transport] : rows) {
    const auto whole = header(kind, payload);
    const auto parsed = parse_at_every_split(parse_v2, whole);
    EXPECT_EQ(parsed.message().addresses, spoken);
    EXPECT_EQ(parsed.message().transport, transport);
    EXPECT_TRUE(parsed.message().tlvs.empty());
    EXPECT_EQ(build_v2({spoken, transport, {}, false}), whole);
  }
}

TEST(ProxyV2, WhatHasNoUsableAddressesKeepsTheSockets) {
  const struct {
    const char* kind;
    Octets payload;
  } rows[] = {
      {"20 00", {}},   {"20 11", inet},           {"20 ff", hex("01 02 03")}, {"21 00", {}},
      {"21 00", inet}, {"21 31", Octets(216, 1)}, {"21 32", Octets(216, 1)},  {"21 10", inet},
  };
  for (const auto& [kind, payload] : rows) {
    const auto parsed = parse_at_every_split(parse_v2, header(kind, payload));
    EXPECT_FALSE(parsed.message().addresses) << kind;
    EXPECT_TRUE(parsed.message().tlvs.empty()) << kind;
  }
  EXPECT_EQ(build_v2({}), header("20 00", {}));
}

TEST(ProxyV2, EachError) {
  const auto local = [](std::size_t length) { return header("20 00", Octets(length, 0)); };
  EXPECT_EQ(parse_at_every_split(parse_v2, local(4096)).consumed(), max_header);
  const struct {
    Octets octets;
    Error error;
  } rows[] = {
      {hex("0d0a0d0a000d0a515549540b"), Error::not_proxy_protocol},
      {hex("47"), Error::not_proxy_protocol},
      {start + hex("11 11 0000"), Error::unknown_version},
      {start + hex("31 11 0000"), Error::unknown_version},
      {start + hex("22 11 0000"), Error::unknown_command},
      {start + hex("21 41 0000"), Error::unknown_family},
      {start + hex("21 13 0000"), Error::unknown_transport},
      {start + hex("21 11 1001"), Error::header_too_long},
      {start + hex("20 00 ffff"), Error::header_too_long},
      {header("21 11", Octets(11, 0)), Error::addresses_truncated},
      {header("21 21", Octets(35, 0)), Error::addresses_truncated},
      {header("21 31", Octets(215, 0)), Error::addresses_truncated},
      {header("21 11", inet + hex("04")), Error::malformed_tlv},
      {header("21 11", inet + hex("04 00")), Error::malformed_tlv},
      {header("21 11", inet + hex("04 0001")), Error::malformed_tlv},
      {header("21 11", inet + hex("04 0000 05 ffff 00")), Error::malformed_tlv},
      {header("21 11", inet + hex("03 0003 000000")), Error::malformed_tlv},
      {header("21 11", inet + hex("03 0004 00000000")), Error::checksum_mismatch},
  };
  for (const auto& [octets, error] : rows) {
    const auto parsed = parse_v2(octets);
    ASSERT_TRUE(parsed.is_error()) << to_string(error);
    EXPECT_EQ(parsed.error(), error) << to_string(parsed.error());
  }
}

TEST(ProxyV2, CarriesFieldsAndTheirChecksum) {
  const auto alpn = text_octets("h2");
  const auto unique = hex("00 01 02 03");
  const Tlv tlvs[] = {{tlv_alpn, alpn}, {tlv_noop, {}}, {tlv_unique_id, unique}};
  const auto built = build_v2({inet_addresses, Transport::stream, tlvs, true});
  ASSERT_TRUE(built);
  const auto parsed = parse_at_every_split(parse_v2, *built);
  EXPECT_EQ(parsed.message().addresses, inet_addresses);
  const auto sent = parsed.message().tlvs;
  EXPECT_EQ(sent.size(), 5u + 3u + 7u + 7u);
  EXPECT_EQ(to_octets(*find_tlv(sent, tlv_alpn)), alpn);
  EXPECT_EQ(to_octets(*find_tlv(sent, tlv_unique_id)), unique);
  EXPECT_TRUE(find_tlv(sent, tlv_noop)->empty());
  EXPECT_FALSE(find_tlv(sent, tlv_ssl));
}

TEST(ProxyV2, TheChecksumCoversEveryOctetThatMayChange) {
  const auto built = build_v2({inet_addresses, Transport::stream, {}, true});
  ASSERT_TRUE(built);
  const std::size_t field = built->size() - 7;
  for (std::size_t i = 16; i < built->size(); ++i) {
    if (i >= field && i < field + 3) continue;  // its type and length: then it is no checksum
    auto broken = *built;
    broken[i] ^= 0x10;
    EXPECT_TRUE(parse_v2(broken).is_error()) << i;
  }
  const auto twice = header("21 11", inet + hex("03 0004 00000000 03 0004 00000000"));
  EXPECT_EQ(parse_v2(twice).error(), Error::malformed_tlv);
}

TEST(ProxyV2, BuildsNothingItWouldNotRead) {
  const Octets big(max_v2_payload - 12 - 3, 0);
  const Tlv fits[] = {{tlv_noop, big}};
  EXPECT_EQ(build_v2({inet_addresses, Transport::stream, fits, false})->size(), max_header);
  EXPECT_FALSE(build_v2({inet_addresses, Transport::stream, fits, true}));
  const Tlv checksum[] = {{tlv_crc32c, {}}};
  EXPECT_FALSE(build_v2({inet_addresses, Transport::stream, checksum, false}));
  EXPECT_FALSE(build_v2({inet_addresses, Transport::unspecified, {}, false}));
}

TEST(ProxyHeader, EitherVersionByItsFirstOctet) {
  EXPECT_TRUE(parse({}).needs_more());
  EXPECT_EQ(parse_at_every_split(parse, header("21 11", inet)).message().version, Version::v2);
  EXPECT_EQ(parse_at_every_split(parse, text_octets("PROXY UNKNOWN\r\n")).message().version,
            Version::v1);
  EXPECT_EQ(parse(text_octets("GET / HTTP/1.1\r\n")).error(), Error::not_proxy_protocol);
  EXPECT_EQ(parse(text_octets("POST")).error(), Error::not_proxy_protocol);
  EXPECT_EQ(parse(hex("05")).error(), Error::not_proxy_protocol);
}

TEST(ProxyError, NamesAreDistinct) {
  std::vector<std::string_view> names;
  for (int error = 0; error <= static_cast<int>(Error::checksum_mismatch); ++error) {
    names.push_back(to_string(static_cast<Error>(error)));
    EXPECT_NE(names.back(), "unknown");
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
}

}  // namespace
}  // namespace bulkhead::wire::proxy_protocol
