// Version 1 of the PROXY protocol: one line of text (section 2.1).
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "wire/octets.h"
#include "wire/proxy_protocol/error.h"
#include "wire/proxy_protocol/header.h"

namespace bulkhead::wire::proxy_protocol {

inline constexpr std::size_t max_v1_line = 107;  // CRLF included

// Strict: single spaces, canonical decimal ports, no brackets. What follows UNKNOWN is ignored, as
// it must be.
Parsed<Header, Error> parse_v1(std::span<const std::uint8_t> octets);

// "PROXY UNKNOWN" without addresses. When only one of the two is IPv4 it is written as IPv4-mapped
// IPv6.
OctetBuffer<max_v1_line> build_v1(const std::optional<Addresses>& addresses);

}  // namespace bulkhead::wire::proxy_protocol
