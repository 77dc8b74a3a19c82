#include "workers/auth/administration/commands.h"

#include <charconv>

#include "workers/auth/method/verdict.h"

namespace bulkhead::auth {

CommandFunction find_command(proto::AuthCommandName name) {
  using enum proto::AuthCommandName;
  switch (name) {
    case user_add:
      return add_user;
    case user_remove:
      return remove_user;
    case user_list:
      return list_users;
    case user_password:
      return set_password;
    case user_groups:
      return change_groups;
    case user_limits:
      return change_limits;
    case user_enable:
      return enable_user;
    case user_disable:
      return disable_user;
    case user_usage:
      return list_usage;
    case token_add:
      return add_token;
    case token_list:
      return list_tokens;
    case token_remove:
      return remove_token;
    case auth_test:
      return try_login;
    case user_logout:
      return log_out;
    case auth_flush:
      return flush;
    case lockout_list:
    case lockout_lift:
    case audit_list:
    case store_backup:
    case end_:
      break;
  }
  return nullptr;
}

std::string argument(const proto::AuthCommand& command, std::size_t index) {
  return index < command.arguments.items.size() ? command.arguments.items[index].value
                                                : std::string();
}

AuditEntry event(const proto::AuthCommand& command, std::string_view kind, std::string detail) {
  AuditEntry entry;
  entry.kind = kind;
  entry.subject = command.user.value;
  entry.detail = std::move(detail);
  return entry;
}

std::string objection_to_name(const Office& office, const std::string& name) {
  if (!acceptable_user(name) || name.find(':') != std::string::npos)
    return "a user's name has 1 to 255 bytes of text, and no colon";
  if (office.accounts->of_config().contains(name))
    return "user \"" + name + "\" is in the configuration: change it there";
  return {};
}

std::optional<std::int64_t> parse_number(const std::string& text, std::int64_t most) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 0 || number > most)
    return std::nullopt;
  return number;
}

proto::UserRevoked revocation(const std::string& user, bool end_connections) {
  proto::UserRevoked revoked;
  revoked.user = user;
  revoked.end_connections = end_connections;
  return revoked;
}

}  // namespace bulkhead::auth
