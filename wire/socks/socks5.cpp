#include "wire/socks/socks5.h"

#include <algorithm>

namespace bulkhead::wire::socks {
namespace {

bool is_command(std::uint8_t octet) {
  return octet >= static_cast<std::uint8_t>(Command::connect) &&
         octet <= static_cast<std::uint8_t>(Command::udp_associate);
}

}  // namespace

Parsed<Greeting, Error> parse_greeting(std::span<const std::uint8_t> octets) {
  OctetReader in(octets);
  const auto version = in.u8();
  if (in.ran_out()) return need_more;
  if (version != version5) return Error::wrong_version;
  const auto count = in.u8();
  const auto methods = in.take(count);
  if (in.ran_out()) return need_more;
  return {Greeting{methods}, in.consumed()};
}

Method choose_method(const Greeting& greeting, std::span<const Method> preference) {
  const auto offered = [&](Method method) {
    return std::find(greeting.methods.begin(), greeting.methods.end(),
                     static_cast<std::uint8_t>(method)) != greeting.methods.end();
  };
  const auto chosen = std::find_if(preference.begin(), preference.end(), offered);
  return chosen == preference.end() ? Method::none_acceptable : *chosen;
}

OctetBuffer<2> build_method_reply(Method method) {
  OctetBuffer<2> out;
  out.put_u8(version5);
  out.put_u8(static_cast<std::uint8_t>(method));
  return out;
}

Parsed<Credentials, Error> parse_auth_request(std::span<const std::uint8_t> octets) {
  OctetReader in(octets);
  const auto version = in.u8();
  if (in.ran_out()) return need_more;
  if (version != auth_version) return Error::wrong_auth_version;
  const auto username_length = in.u8();
  if (in.ran_out()) return need_more;
  if (username_length == 0) return Error::empty_username;
  const auto username = in.take(username_length);
  const auto password_length = in.u8();
  if (in.ran_out()) return need_more;
  if (password_length == 0) return Error::empty_password;
  const auto password = in.take(password_length);
  if (in.ran_out()) return need_more;
  return {Credentials{as_text(username), password}, in.consumed()};
}

OctetBuffer<2> build_auth_reply(bool accepted) {
  OctetBuffer<2> out;
  out.put_u8(auth_version);
  out.put_u8(accepted ? 0 : 1);
  return out;
}

Parsed<Request, Error> parse_request(std::span<const std::uint8_t> octets) {
  OctetReader in(octets);
  const auto version = in.u8();
  if (in.ran_out()) return need_more;
  if (version != version5) return Error::wrong_version;
  const auto command = in.u8();
  if (in.ran_out()) return need_more;
  if (!is_command(command)) return Error::unknown_command;
  in.u8();  // RSV
  if (in.ran_out()) return need_more;
  const auto address = parse_address_field(in.rest());
  if (address.needs_more()) return need_more;
  if (address.is_error()) return address.error();
  const Request request{static_cast<Command>(command), address.message()};
  if (request.command == Command::connect && port_of(request.address) == 0) return Error::port_zero;
  return {request, in.consumed() + address.consumed()};
}

OctetBuffer<max_reply> build_reply(ReplyCode code, const Address& bound) {
  const auto field = build_address_field(bound).value_or(build_address_field(Endpoint{}));
  OctetBuffer<max_reply> out;
  out.put_u8(version5);
  out.put_u8(static_cast<std::uint8_t>(code));
  out.put_u8(0);
  out.put(field.octets());
  return out;
}

}  // namespace bulkhead::wire::socks
