#include "wire/icmp/echo.h"

namespace bulkhead::wire::icmp {
namespace {

struct Types {
  std::uint8_t request, reply;
};

Types types_of(Family family) {
  return family == Family::v4 ? Types{8, 0} : Types{128, 129};
}

}  // namespace

OctetBuffer<echo_octets> build_echo_request(Family family, const Echo& echo) {
  OctetBuffer<echo_octets> message;
  message.put_u8(types_of(family).request);
  message.put_u8(0);
  message.put_u16(0);  // checksum
  message.put_u16(0);  // identifier
  message.put_u16(echo.sequence);
  for (int shift = 48; shift >= 0; shift -= 16) {
    message.put_u16(static_cast<std::uint16_t>(echo.token >> shift));
  }
  return message;
}

std::optional<Echo> parse_echo_reply(Family family, std::span<const std::uint8_t> octets) {
  OctetReader reader(octets);
  const std::uint8_t type = reader.u8();
  const std::uint8_t code = reader.u8();
  reader.take(4);
  Echo echo;
  echo.sequence = reader.u16();
  for (int i = 0; i < 4; ++i) echo.token = echo.token << 16 | reader.u16();
  if (reader.ran_out() || type != types_of(family).reply || code != 0) return std::nullopt;
  return echo;
}

}  // namespace bulkhead::wire::icmp
