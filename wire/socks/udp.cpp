#include "wire/socks/udp.h"

namespace bulkhead::wire::socks {

tl::expected<Datagram, Error> parse_datagram(std::span<const std::uint8_t> datagram) {
  OctetReader in(datagram);
  in.u16();  // RSV
  const auto fragment = in.u8();
  if (in.ran_out()) return tl::unexpected(Error::truncated_datagram);
  const auto address = parse_address_field(in.rest());
  if (address.needs_more()) return tl::unexpected(Error::truncated_datagram);
  if (address.is_error()) return tl::unexpected(address.error());
  if (port_of(address.message()) == 0) return tl::unexpected(Error::port_zero);
  return Datagram{fragment, address.message(), in.rest().subspan(address.consumed())};
}

std::optional<OctetBuffer<max_datagram_header>> build_datagram_header(const Address& address) {
  const auto field = build_address_field(address);
  if (!field || port_of(address) == 0) return std::nullopt;
  OctetBuffer<max_datagram_header> out;
  out.put_u16(0);
  out.put_u8(0);
  out.put(field->octets());
  return out;
}

}  // namespace bulkhead::wire::socks
