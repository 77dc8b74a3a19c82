// The header in front of every UDP datagram between a SOCKS5 client and its proxy (RFC 1928 section
// 7).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <tl/expected.hpp>

#include "wire/octets.h"
#include "wire/socks/address.h"
#include "wire/socks/error.h"

namespace bulkhead::wire::socks {

// RSV, FRAG and the address field.
inline constexpr std::size_t max_datagram_header = 3 + max_address_field;

struct Datagram {
  // Not 0: one piece of a larger datagram. Who does not reassemble must drop it (section 7).
  std::uint8_t fragment = 0;
  Address address;  // where to, from a client; where from, towards it. Port never 0
  std::span<const std::uint8_t> data;  // a view into the datagram, may be empty
};

// A datagram is all there or broken. RSV is ignored. Errors: truncated_datagram,
// unknown_address_type, invalid_domain, port_zero.
tl::expected<Datagram, Error> parse_datagram(std::span<const std::uint8_t> datagram);

// The header to put before the data, FRAG 0. Nothing if `address` is an invalid name or its port is
// 0.
std::optional<OctetBuffer<max_datagram_header>> build_datagram_header(const Address& address);

}  // namespace bulkhead::wire::socks
