// user limits, user usage, user token.
#include <charconv>
#include <ctime>

#include "config/load.h"
#include "workers/auth/administration/commands.h"
#include "workers/auth/method/verdict.h"
#include "workers/auth/native/token.h"

namespace bulkhead::auth {
namespace {

constexpr std::int64_t longest_token = std::int64_t{100} * 366 * 86'400;
constexpr std::int64_t most_days = 10'000;

std::optional<std::int64_t> parse_number(const std::string& text, std::int64_t most) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 0 || number > most)
    return std::nullopt;
  return number;
}

std::string day_before(std::int64_t days) {
  const std::time_t then = std::time(nullptr) - static_cast<std::time_t>(days * 86'400);
  std::tm utc{};
  ::gmtime_r(&then, &utc);
  char text[16];
  const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%d", &utc);
  return {text, size};
}

}  // namespace

// Of any user: also of those whom other methods know.
Answer change_limits(const Office& office, const proto::AuthCommand& command) {
  const std::string& name = command.user.value;
  if (!acceptable_user(name)) return Answer::failure("that is no user's name");
  std::string yaml;
  for (const auto& part : command.arguments.items) yaml += part.value;
  std::optional<StoredLimits> wanted;
  if (yaml != "default") {
    const auto before = office.accounts->allowance(name);
    if (!before) return Answer::failure(before.error());
    config::UserLimits limits = to_config(before->limits);
    const auto diagnostics = config::read_user_limits(yaml, limits);
    if (config::has_errors(diagnostics)) return Answer::failure(to_string(diagnostics.front()));
    wanted = to_stored(limits);
  }
  const auto done = office.store->set_limits(name, wanted);
  if (!done) return Answer::failure(done.error());
  Answer answer;
  answer.message = wanted ? "the limits of \"" + name + "\" are changed"
                          : "\"" + name + "\" has the usual limits again";
  answer.audit.push_back(event(command, "user_limits", yaml));
  answer.limits_changed.push_back(name);
  return answer;
}

Answer list_usage(const Office& office, const proto::AuthCommand& command) {
  const auto days = parse_number(argument(command, 0), most_days);
  if (!days) return Answer::failure("not a number of days: " + argument(command, 0));
  const auto usage = office.store->usage(command.user.value, day_before(*days));
  if (!usage) return Answer::failure(usage.error());
  Answer answer;
  for (const Usage& each : *usage) {
    proto::UsageRow row;
    row.user = each.user;
    row.day = each.day;
    row.up = static_cast<std::uint64_t>(each.up);
    row.down = static_cast<std::uint64_t>(each.down);
    row.requests = static_cast<std::uint64_t>(each.requests);
    answer.rows.emplace_back(std::move(row));
  }
  return answer;
}

Answer add_token(const Office& office, const proto::AuthCommand& command) {
  StoredToken token;
  token.user = command.user.value;
  token.name = argument(command, 0);
  token.scope = argument(command, 2);
  token.created = std::time(nullptr);
  const auto lifetime = parse_number(argument(command, 1), longest_token);
  if (!acceptable_user(token.name) || token.name.size() > 64)
    return Answer::failure("a token's name has 1 to 64 bytes");
  if (token.scope != scope_proxy) return Answer::failure("a token's scope is \"proxy\"");
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
  proto::UserRevoked revoked;
  revoked.user = user;
  revoked.end_connections = true;
  answer.revoked.push_back(revoked);
  return answer;
}

}  // namespace bulkhead::auth
