#include "wire/socks/socks4.h"

#include <algorithm>

namespace bulkhead::wire::socks {
namespace {

using Octets = std::span<const std::uint8_t>;

// A run of octets closed by NUL, which is consumed and not part of it.
Parsed<Octets, Error> parse_closed_by_nul(Octets octets, std::size_t longest, Error too_long) {
  const auto window = octets.first(std::min(octets.size(), longest + 1));
  const auto nul = std::find(window.begin(), window.end(), std::uint8_t{0});
  const auto length = static_cast<std::size_t>(nul - window.begin());
  if (nul != window.end()) return {window.first(length), length + 1};
  if (length > longest) return too_long;
  return need_more;
}

bool announces_domain(Octets address) {
  return address[0] == 0 && address[1] == 0 && address[2] == 0 && address[3] != 0;
}

Parsed<RequestV4, Error> parse_domain(Octets octets, RequestV4 request, std::uint16_t port) {
  const auto domain = parse_closed_by_nul(octets, max_domain_v4a, Error::domain_too_long);
  if (domain.needs_more()) return need_more;
  if (domain.is_error()) return domain.error();
  auto address = address_of_domain(domain.message(), port);
  if (!address) return Error::invalid_domain;
  request.address = *std::move(address);
  return {std::move(request), domain.consumed()};
}

// From the user id on; what is consumed is counted from there.
Parsed<RequestV4, Error> parse_strings(Octets octets, Command command, Octets address,
                                       std::uint16_t port) {
  const auto userid = parse_closed_by_nul(octets, max_userid, Error::userid_too_long);
  if (userid.needs_more()) return need_more;
  if (userid.is_error()) return userid.error();
  RequestV4 request{command, Endpoint{IpAddress::v4(address.first<4>()), port},
                    as_text(userid.message())};
  if (!announces_domain(address)) return {std::move(request), userid.consumed()};
  auto named = parse_domain(octets.subspan(userid.consumed()), std::move(request), port);
  if (!named.is_complete()) return named;
  return {named.message(), userid.consumed() + named.consumed()};
}

}  // namespace

Parsed<RequestV4, Error> parse_request_v4(Octets octets) {
  OctetReader in(octets);
  const auto version = in.u8();
  if (in.ran_out()) return need_more;
  if (version != version4) return Error::wrong_version;
  const auto command = in.u8();
  if (in.ran_out()) return need_more;
  if (command != 1 && command != 2) return Error::unknown_command;
  const auto port = in.u16();
  const auto address = in.take(4);
  if (in.ran_out()) return need_more;
  if (port == 0 && command == 1) return Error::port_zero;
  auto rest = parse_strings(in.rest(), static_cast<Command>(command), address, port);
  if (!rest.is_complete()) return rest;
  return {rest.message(), in.consumed() + rest.consumed()};
}

OctetBuffer<8> build_reply_v4(ReplyCodeV4 code, const Endpoint& bound) {
  OctetBuffer<8> out;
  out.put_u8(0);  // the version of the reply, which is not that of the protocol
  out.put_u8(static_cast<std::uint8_t>(code));
  out.put_u16(bound.port);
  const IpAddress address = bound.address.is_v4() ? bound.address : IpAddress{};
  out.put(address.bytes());
  return out;
}

}  // namespace bulkhead::wire::socks
