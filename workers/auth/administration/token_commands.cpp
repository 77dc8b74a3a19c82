// user token add, list, remove.
#include <ctime>

#include "workers/auth/administration/commands.h"
#include "workers/auth/method/verdict.h"
#include "workers/auth/native/token.h"
#include "workers/auth/native/token_scope.h"

namespace bulkhead::auth {
namespace {

constexpr std::int64_t longest_token = std::int64_t{100} * 366 * 86'400;
constexpr std::size_t max_token_name_bytes = 64;

}  // namespace

Answer add_token(const Office& office, const proto::AuthCommand& command) {
  StoredToken token;
  token.user = command.user.value;
  token.name = argument(command, 0);
  token.scope = argument(command, 2);
  token.created = std::time(nullptr);
  const auto lifetime = parse_number(argument(command, 1), longest_token);
  if (!acceptable_user(token.name) || token.name.size() > max_token_name_bytes)
    return Answer::failure("a token's name has 1 to 64 bytes");
  if (!is_scope(token.scope)) return Answer::failure("a token's scope is proxy, http or socks");
  if (!lifetime) return Answer::failure("not a token's lifetime in seconds");
  token.expires = *lifetime == 0 ? 0 : token.created + *lifetime;
  const auto owner = office.accounts->find(token.user);
  if (!owner) return Answer::failure(owner.error());
  if (!*owner)
    return Answer::failure("there is no user \"" + token.user +
                           "\" in the store or the configuration");
  platform::Secret secret = new_token();
  const auto added = office.store->add_token(token, token_hash(secret.reveal()));
  if (!added) return Answer::failure(added.error());
  if (!*added)
    return Answer::failure("\"" + token.user + "\" has a token \"" + token.name + "\" already");
  Answer answer;
  answer.text = std::move(secret);
  answer.message = "it is not shown again";
  answer.audit.push_back(event(command, "token_add", token.name));
  return answer;
}

Answer list_tokens(const Office& office, const proto::AuthCommand& command) {
  const auto tokens = office.store->tokens(command.user.value);
  if (!tokens) return Answer::failure(tokens.error());
  Answer answer;
  for (const StoredToken& token : *tokens) {
    proto::TokenRow row;
    row.user = token.user;
    row.name = token.name;
    row.scope = token.scope;
    row.created = static_cast<std::uint64_t>(token.created);
    row.expires = static_cast<std::uint64_t>(token.expires);
    row.last_used = static_cast<std::uint64_t>(token.last_used);
    answer.rows.emplace_back(std::move(row));
  }
  return answer;
}

// Which connections the token opened is not known, so all of the user's end.
Answer remove_token(const Office& office, const proto::AuthCommand& command) {
  const std::string& user = command.user.value;
  const std::string name = argument(command, 0);
  const auto done = office.store->remove_token(user, name);
  if (!done) return Answer::failure(done.error());
  if (!*done) return Answer::failure("\"" + user + "\" has no token \"" + name + '"');
  Answer answer;
  answer.message = "token \"" + name + "\" of \"" + user + "\" removed";
  answer.audit.push_back(event(command, "token_remove", name));
  answer.revoked.push_back(revocation(user, true));
  return answer;
}

}  // namespace bulkhead::auth
