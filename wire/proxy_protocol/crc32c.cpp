#include "wire/proxy_protocol/crc32c.h"

#include <array>

namespace bulkhead::wire::proxy_protocol {
namespace {

// The polynomial 0x1edc6f41 with its bits reversed, as the register shifts right.
constexpr std::uint32_t polynomial = 0x82f63b78;

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t octet = 0; octet < 256; ++octet) {
    std::uint32_t value = octet;
    for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ ((value & 1) != 0 ? polynomial : 0);
    table[octet] = value;
  }
  return table;
}

constexpr auto table = make_table();

}  // namespace

std::uint32_t crc32c(std::span<const std::uint8_t> octets, std::uint32_t before) {
  std::uint32_t value = ~before;
  for (const auto octet : octets) value = value >> 8 ^ table[(value ^ octet) & 0xff];
  return ~value;
}

}  // namespace bulkhead::wire::proxy_protocol
