#include "wire/socks/socks5_client.h"

#include <algorithm>

namespace bulkhead::wire::socks {
namespace {

ReplyCode reply_code_of(std::uint8_t octet) {
  const bool assigned = octet <= static_cast<std::uint8_t>(ReplyCode::address_type_not_supported);
  return assigned ? static_cast<ReplyCode>(octet) : ReplyCode::general_failure;
}

bool fits_length_octet(std::size_t size) {
  return size >= 1 && size <= 255;
}

// Past a domain that is not a valid name; what it says is of no use, where it ends is.
Parsed<Reply, Error> skip_invalid_domain(OctetReader in) {
  in.u8();  // ATYP
  const auto length = in.u8();
  in.take(length);
  in.u16();
  if (in.ran_out()) return need_more;
  return {Reply{ReplyCode::succeeded, std::nullopt}, in.consumed()};
}

}  // namespace

OctetBuffer<2 + 255> build_greeting(std::span<const Method> methods) {
  const auto sent = methods.first(std::min<std::size_t>(methods.size(), 255));
  OctetBuffer<2 + 255> out;
  out.put_u8(version5);
  out.put_u8(static_cast<std::uint8_t>(sent.size()));
  for (const auto method : sent) out.put_u8(static_cast<std::uint8_t>(method));
  return out;
}

Parsed<Method, Error> parse_method_reply(std::span<const std::uint8_t> octets,
                                         std::span<const Method> offered) {
  OctetReader in(octets);
  const auto version = in.u8();
  if (in.ran_out()) return need_more;
  if (version != version5) return Error::wrong_version;
  const auto method = static_cast<Method>(in.u8());
  if (in.ran_out()) return need_more;
  if (method == Method::none_acceptable) return Error::no_acceptable_method;
  if (std::find(offered.begin(), offered.end(), method) == offered.end()) {
    return Error::method_not_offered;
  }
  return {method, in.consumed()};
}

bool build_auth_request(std::string_view username, std::span<const std::uint8_t> password,
                        OctetBuffer<max_client_message>& out) {
  if (!fits_length_octet(username.size()) || !fits_length_octet(password.size())) return false;
  out.put_u8(auth_version);
  out.put_u8(static_cast<std::uint8_t>(username.size()));
  out.put(username);
  out.put_u8(static_cast<std::uint8_t>(password.size()));
  out.put(password);
  return true;
}

Parsed<bool, Error> parse_auth_reply(std::span<const std::uint8_t> octets) {
  OctetReader in(octets);
  const auto version = in.u8();
  if (in.ran_out()) return need_more;
  if (version != auth_version) return Error::wrong_auth_version;
  const auto status = in.u8();
  if (in.ran_out()) return need_more;
  return {status == 0, in.consumed()};
}

std::optional<OctetBuffer<max_reply>> build_request(Command command, const Address& address) {
  const auto field = build_address_field(address);
  if (!field || (command == Command::connect && port_of(address) == 0)) return std::nullopt;
  OctetBuffer<max_reply> out;
  out.put_u8(version5);
  out.put_u8(static_cast<std::uint8_t>(command));
  out.put_u8(0);
  out.put(field->octets());
  return out;
}

Parsed<Reply, Error> parse_reply(std::span<const std::uint8_t> octets) {
  OctetReader in(octets);
  const auto version = in.u8();
  if (in.ran_out()) return need_more;
  if (version != version5) return Error::wrong_version;
  const auto code = reply_code_of(in.u8());
  if (in.ran_out()) return need_more;
  if (code != ReplyCode::succeeded) return {Reply{code, std::nullopt}, in.consumed()};
  in.u8();  // RSV
  if (in.ran_out()) return need_more;
  const auto bound = parse_address_field(in.rest());
  if (bound.is_complete()) return {Reply{code, bound.message()}, in.consumed() + bound.consumed()};
  if (bound.needs_more()) return need_more;
  if (bound.error() != Error::invalid_domain) return bound.error();
  auto skipped = skip_invalid_domain(OctetReader(in.rest()));
  if (!skipped.is_complete()) return skipped;
  return {skipped.message(), in.consumed() + skipped.consumed()};
}

}  // namespace bulkhead::wire::socks
