#include "wire/socks/error.h"

namespace bulkhead::wire::socks {

std::string_view to_string(Error error) {
  switch (error) {
    case Error::wrong_version:
      return "wrong_version";
    case Error::wrong_auth_version:
      return "wrong_auth_version";
    case Error::empty_username:
      return "empty_username";
    case Error::empty_password:
      return "empty_password";
    case Error::unknown_command:
      return "unknown_command";
    case Error::unknown_address_type:
      return "unknown_address_type";
    case Error::invalid_domain:
      return "invalid_domain";
    case Error::port_zero:
      return "port_zero";
    case Error::userid_too_long:
      return "userid_too_long";
    case Error::domain_too_long:
      return "domain_too_long";
    case Error::truncated_datagram:
      return "truncated_datagram";
    case Error::no_acceptable_method:
      return "no_acceptable_method";
    case Error::method_not_offered:
      return "method_not_offered";
  }
  return "unknown";
}

std::optional<ReplyCode> reply_code_for(Error error) {
  switch (error) {
    case Error::unknown_command:
      return ReplyCode::command_not_supported;
    case Error::unknown_address_type:
      return ReplyCode::address_type_not_supported;
    case Error::invalid_domain:
    case Error::port_zero:
      return ReplyCode::general_failure;
    default:
      return std::nullopt;
  }
}

}  // namespace bulkhead::wire::socks
