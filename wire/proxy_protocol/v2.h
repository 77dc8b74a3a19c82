// Version 2 of the PROXY protocol: binary, with type-length-value fields behind the addresses
// (section 2.2).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "wire/octets.h"
#include "wire/proxy_protocol/error.h"
#include "wire/proxy_protocol/header.h"

namespace bulkhead::wire::proxy_protocol {

// Types of fields (section 2.2). Others may be sent and are kept.
inline constexpr std::uint8_t tlv_alpn = 0x01;
inline constexpr std::uint8_t tlv_authority = 0x02;
inline constexpr std::uint8_t tlv_crc32c = 0x03;
inline constexpr std::uint8_t tlv_noop = 0x04;
inline constexpr std::uint8_t tlv_unique_id = 0x05;
inline constexpr std::uint8_t tlv_ssl = 0x20;
inline constexpr std::uint8_t tlv_netns = 0x30;

struct Tlv {
  std::uint8_t type = tlv_noop;
  std::span<const std::uint8_t> value;
};

// A CRC32c field is verified over the whole header; there may be one.
Parsed<Header, Error> parse_v2(std::span<const std::uint8_t> octets);

// The value of the first field of that type in Header::tlvs; a view into them.
std::optional<std::span<const std::uint8_t>> find_tlv(std::span<const std::uint8_t> tlvs,
                                                      std::uint8_t type);

struct V2 {
  // Nothing: LOCAL, which carries neither addresses nor fields. When only one of the two is IPv4 it
  // is written as IPv4-mapped IPv6.
  std::optional<Addresses> addresses;
  Transport transport = Transport::stream;
  std::span<const Tlv> tlvs;  // without crc32c
  bool checksum = false;      // adds the crc32c field
};

// Nothing if the payload would exceed max_v2_payload, if `transport` is unspecified although there
// are addresses, or if `tlvs` has a crc32c.
std::optional<std::vector<std::uint8_t>> build_v2(const V2& header);

}  // namespace bulkhead::wire::proxy_protocol
