// SOCKS5 as a server speaks it (RFC 1928, RFC 1929): parse what a client sends, build what it is
// answered.
//
//   client: greeting            parse_greeting, choose_method
//   server: chosen method       build_method_reply
//   client: name and password   parse_auth_request      only if the method says so
//   server: accepted or not     build_auth_reply
//   client: request             parse_request
//   server: reply               build_reply             BIND has two
//
// Each parser looks at one message at the start of the octets; see Parsed about calling again and
// about lifetimes.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "wire/octets.h"
#include "wire/socks/address.h"
#include "wire/socks/error.h"

namespace bulkhead::wire::socks {

inline constexpr std::uint8_t version5 = 5;
inline constexpr std::uint8_t auth_version = 1;  // of the sub-negotiation, RFC 1929 section 2

enum class Method : std::uint8_t { no_auth = 0, username_password = 2, none_acceptable = 0xff };

// The longest message of a client: RFC 1929 with two fields of 255 octets. A buffer of this size
// always suffices.
inline constexpr std::size_t max_client_message = 1 + 1 + 255 + 1 + 255;
// VER, REP, RSV and the address field.
inline constexpr std::size_t max_reply = 3 + max_address_field;

struct Greeting {
  // 0..255 of them, as sent; an empty list is answered "none acceptable".
  std::span<const std::uint8_t> methods;
};
// Error: wrong_version.
Parsed<Greeting, Error> parse_greeting(std::span<const std::uint8_t> octets);

// The first of `preference` (the server's, best first) that the client offers, else
// none_acceptable.
Method choose_method(const Greeting& greeting, std::span<const Method> preference);
OctetBuffer<2> build_method_reply(Method method);

// 1..255 octets each, of any value, NUL included. Views into the octets parsed: the password is in
// that one place and is the caller's to wipe.
struct Credentials {
  std::string_view username;
  std::span<const std::uint8_t> password;
};
// Errors: wrong_auth_version, empty_username, empty_password; after any of them
// build_auth_reply(false) is due.
Parsed<Credentials, Error> parse_auth_request(std::span<const std::uint8_t> octets);
// RFC 1929: whoever is not accepted is disconnected after this.
OctetBuffer<2> build_auth_reply(bool accepted);

struct Request {
  Command command = Command::connect;
  // CONNECT: where to, port never 0. BIND: who is expected to connect. UDP ASSOCIATE: where the
  // client will send from. The last two may be all zeros when the client does not know.
  Address address;
};
// RSV is ignored, as clients are known to leave garbage there. Errors: wrong_version,
// unknown_command, and as soon as they show, unknown_address_type, invalid_domain, port_zero.
// reply_code_for() says what to answer.
Parsed<Request, Error> parse_request(std::span<const std::uint8_t> octets);

// Every SOCKS5 reply is built here. `bound` is BND.ADDR and BND.PORT; one that cannot be written
// (an invalid name) and the default are 0.0.0.0:0, which is what refusals carry.
OctetBuffer<max_reply> build_reply(ReplyCode code, const Address& bound = Endpoint{});

}  // namespace bulkhead::wire::socks
