#include "wire/socks/address.h"

#include <string>

namespace bulkhead::wire::socks {
namespace {

constexpr std::uint8_t atyp_ipv4 = 1;
constexpr std::uint8_t atyp_domain = 3;
constexpr std::uint8_t atyp_ipv6 = 4;

Parsed<Address, Error> parse_ip(OctetReader in, std::size_t length) {
  const auto octets = in.take(length);
  const auto port = in.u16();
  if (in.ran_out()) return need_more;
  const auto address =
      length == 4 ? IpAddress::v4(octets.first<4>()) : IpAddress::v6(octets.first<16>());
  return {Endpoint{address, port}, in.consumed()};
}

Parsed<Address, Error> parse_domain(OctetReader in) {
  const auto length = in.u8();
  if (in.ran_out()) return need_more;
  if (length == 0) return Error::invalid_domain;
  const auto domain = in.take(length);
  const auto port = in.u16();
  if (in.ran_out()) return need_more;
  auto address = address_of_domain(domain, port);
  if (!address) return Error::invalid_domain;
  return {*std::move(address), in.consumed()};
}

}  // namespace

std::uint16_t port_of(const Address& address) {
  return std::visit([](const auto& either) { return either.port; }, address);
}

HostPort to_host_port(const Address& address) {
  if (const auto* name = std::get_if<HostPort>(&address)) return *name;
  const auto& endpoint = std::get<Endpoint>(address);
  return HostPort{endpoint.address.to_string(), endpoint.port};
}

std::optional<Address> address_of_domain(std::span<const std::uint8_t> domain, std::uint16_t port) {
  const auto host = as_text(domain);
  if (!is_valid_host(host)) return std::nullopt;
  if (const auto literal = IpAddress::parse(host)) return Endpoint{*literal, port};
  return HostPort{std::string(host), port};
}

Parsed<Address, Error> parse_address_field(std::span<const std::uint8_t> octets) {
  OctetReader in(octets);
  const auto type = in.u8();
  if (in.ran_out()) return need_more;
  switch (type) {
    case atyp_ipv4:
      return parse_ip(in, 4);
    case atyp_domain:
      return parse_domain(in);
    case atyp_ipv6:
      return parse_ip(in, 16);
    default:
      return Error::unknown_address_type;
  }
}

OctetBuffer<max_address_field> build_address_field(const Endpoint& endpoint) {
  OctetBuffer<max_address_field> out;
  out.put_u8(endpoint.address.is_v4() ? atyp_ipv4 : atyp_ipv6);
  out.put(endpoint.address.bytes());
  out.put_u16(endpoint.port);
  return out;
}

std::optional<OctetBuffer<max_address_field>> build_address_field(const Address& address) {
  if (const auto* endpoint = std::get_if<Endpoint>(&address)) return build_address_field(*endpoint);
  const auto& name = std::get<HostPort>(address);
  if (!is_valid_host(name.host)) return std::nullopt;
  if (const auto literal = name.literal())
    return build_address_field(Endpoint{*literal, name.port});
  OctetBuffer<max_address_field> out;
  out.put_u8(atyp_domain);
  out.put_u8(static_cast<std::uint8_t>(name.host.size()));
  out.put(name.host);
  out.put_u16(name.port);
  return out;
}

}  // namespace bulkhead::wire::socks
