// The PROXY protocol (haproxy, doc/proxy-protocol.txt, versions 1 and 2): what a proxy in front of
// us, or we in front of another, says about a connection before its first octet.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "wire/address.h"
#include "wire/octets.h"
#include "wire/proxy_protocol/error.h"

namespace bulkhead::wire::proxy_protocol {

enum class Version : std::uint8_t { v1 = 1, v2 = 2 };
enum class Transport : std::uint8_t { unspecified = 0, stream = 1, datagram = 2 };

struct Addresses {
  Endpoint source;       // the client
  Endpoint destination;  // what the client connected to

  friend bool operator==(const Addresses&, const Addresses&) = default;
};

struct Header {
  Version version = Version::v1;
  Transport transport = Transport::unspecified;
  // Nothing for UNKNOWN, LOCAL, UNSPEC and AF_UNIX: the connection keeps the addresses of its
  // socket.
  std::optional<Addresses> addresses;
  // Version 2: the TLVs (section 2.2.6), walked and within bounds; a view into the octets parsed.
  // Empty for LOCAL and UNSPEC, whose payload must be ignored.
  std::span<const std::uint8_t> tlvs;
};

// A buffer of this size always suffices to read either version.
inline constexpr std::size_t max_v2_payload = 4096;
inline constexpr std::size_t max_header = 16 + max_v2_payload;

// Either version, told apart by the first octet. Whether a peer may say this at all is the caller's
// to decide, by address, before; a connection from a trusted peer without a header is an error
// (not_proxy_protocol).
Parsed<Header, Error> parse(std::span<const std::uint8_t> octets);

}  // namespace bulkhead::wire::proxy_protocol
