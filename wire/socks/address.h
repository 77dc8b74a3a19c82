// The address field that SOCKS5 requests, replies and UDP datagrams share (RFC 1928 section 5):
// ATYP, address, port.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <variant>

#include "wire/address.h"
#include "wire/octets.h"
#include "wire/socks/error.h"

namespace bulkhead::wire::socks {

enum class Command : std::uint8_t { connect = 1, bind = 2, udp_associate = 3 };

// An endpoint, or a name still to be resolved. What parsers yield is decided: a domain that is
// written as an IP literal has become that address, and a HostPort is always a name that
// wire::is_valid_host() accepts.
using Address = std::variant<Endpoint, HostPort>;

std::uint16_t port_of(const Address& address);
HostPort to_host_port(const Address& address);

// A domain as an Address, by the rule above. Error: invalid_domain.
std::optional<Address> address_of_domain(std::span<const std::uint8_t> domain, std::uint16_t port);

// ATYP, the longest domain with its length octet, and the port.
inline constexpr std::size_t max_address_field = 1 + 1 + 255 + 2;

// Errors: unknown_address_type, invalid_domain. Any port will do; who needs one above 0 checks.
Parsed<Address, Error> parse_address_field(std::span<const std::uint8_t> octets);

// A HostPort whose host is an IP literal is written as an address. Nothing if the host is not a
// valid one.
std::optional<OctetBuffer<max_address_field>> build_address_field(const Address& address);
OctetBuffer<max_address_field> build_address_field(const Endpoint& endpoint);

}  // namespace bulkhead::wire::socks
