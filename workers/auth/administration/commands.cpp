#include "workers/auth/administration/commands.h"

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

Answer try_login(const Office& office, const proto::AuthCommand& command) {
  Credential credential;
  credential.user = command.user.value;
  credential.secret = command.password.value;
  const Deadline deadline = std::chrono::steady_clock::now() + office.settings().timeout;
  std::vector<Verdict> tried;
  const Verdict verdict = credential.secret.empty()
                              ? office.chain->look_up(credential.user, deadline, &tried)
                              : office.chain->check(credential, deadline, &tried);
  Answer answer;
  for (const Verdict& each : tried) {
    proto::MethodRow row;
    row.method = each.method;
    row.outcome = to_string(each.outcome);
    row.reason = to_string(each.reason);
    row.user = each.user;
    for (const std::string& group : each.groups) row.groups.push(group);
    row.decided = &each == &tried.back() &&
                  (each.outcome == Outcome::accepted || each.outcome == Outcome::refused);
    answer.rows.emplace_back(std::move(row));
  }
  answer.exit_code = verdict.outcome == Outcome::accepted ? 0 : 1;
  answer.message =
      std::string(to_string(verdict.outcome)) + ": " + std::string(to_string(verdict.reason));
  answer.audit.push_back(event(command, "auth_test", answer.message));
  return answer;
}

}  // namespace bulkhead::auth
