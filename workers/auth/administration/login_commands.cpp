// auth test, auth flush, user logout: of users of every method.
#include "workers/auth/administration/commands.h"
#include "workers/auth/method/verdict.h"

namespace bulkhead::auth {

namespace {

// "accepted by native", "refused by ldap: wrong_password", "unknown: unknown_user"
std::string words(const Verdict& verdict, bool looked_up) {
  std::string text(to_string(verdict.outcome));
  const bool known = verdict.outcome == Outcome::accepted || verdict.outcome == Outcome::refused;
  if (known) text += " by " + std::string(verdict.method);
  if (verdict.outcome != Outcome::accepted) text += ": " + std::string(to_string(verdict.reason));
  return looked_up ? text + " (no password was tried)" : text;
}

}  // namespace

Answer try_login(const Office& office, const proto::AuthCommand& command) {
  Credential credential;
  credential.user = command.user.value;
  credential.secret = command.password.value;
  const std::string protocol = argument(command, 0);
  if (protocol == "http") credential.use = Credential::Use::http;
  if (protocol == "socks") credential.use = Credential::Use::socks;
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
  answer.message = words(verdict, credential.secret.empty());
  answer.audit.push_back(event(command, "auth_test", answer.message));
  return answer;
}

// Nobody can tell here whether the user is known anywhere, nor whether he has connections: the
// acceptors are told in any case. Who may still log in can do so again.
Answer log_out(const Office&, const proto::AuthCommand& command) {
  const std::string& name = command.user.value;
  if (!acceptable_user(name)) return Answer::failure("that is no user's name");
  Answer answer;
  answer.message = "what is remembered of \"" + name + "\" is forgotten, his connections end";
  answer.audit.push_back(event(command, "user_logout"));
  answer.revoked.push_back(revocation(name, true));
  return answer;
}

// The acceptors name whom they serve, and hear of those whom their method knows no more.
Answer flush(const Office&, const proto::AuthCommand& command) {
  Answer answer;
  answer.message = "nobody is remembered; who has connections is asked about now";
  answer.audit.push_back(event(command, "auth_flush"));
  answer.revoked.emplace_back();
  return answer;
}

}  // namespace bulkhead::auth
