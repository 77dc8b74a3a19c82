// CRC32c (Castagnoli, RFC 4960 appendix B), the checksum of PROXY protocol v2.
#pragma once

#include <cstdint>
#include <span>

namespace bulkhead::wire::proxy_protocol {

// A checksum over parts: crc32c(second, crc32c(first)).
std::uint32_t crc32c(std::span<const std::uint8_t> octets, std::uint32_t before = 0);

}  // namespace bulkhead::wire::proxy_protocol
