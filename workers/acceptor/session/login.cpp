#include "workers/acceptor/session/login.h"

#include <array>

#include "runtime/timer.h"
#include "wire/authorization/authorization.h"
#include "wire/utf8.h"
#include "workers/acceptor/policy/client_policy.h"

namespace bulkhead::acceptor {
namespace {

using proto::Refusal;
namespace http1 = wire::http1;
namespace authorization = wire::authorization;

constexpr std::string_view field = "Proxy-Authorization";

// How long a refusal is held back that nobody had to work for. Who guesses sends the next guess
// when the last one is answered, on as many connections as he may have: what he gets at once he
// comes back for at once, and those who are somebody wait behind him.
constexpr runtime::Duration refusal_pause{1'000};

using Outcome = std::optional<AuthFailure>;

// What nobody can have: the auth worker would refuse it without asking any method.
bool is_impossible(std::string_view user, std::string_view secret) {
  return secret.empty() || user.size() > proto::max_user_name ||
         secret.size() > proto::max_secret || !wire::is_plain_text(user) ||
         !wire::is_plain_text(secret);
}

// False if the value is no credential that anybody could have.
bool parse(std::string_view value, Presented& presented) {
  std::array<char, authorization::max_decoded> decoded;
  const auto parsed = authorization::parse(value, decoded);
  const auto* found = std::get_if<authorization::Presented>(&parsed);
  const bool good = found != nullptr && !is_impossible(found->user, found->secret);
  if (good) {
    presented.kind = found->scheme == authorization::Scheme::bearer ? proto::CredentialKind::bearer
                                                                    : proto::CredentialKind::basic;
    presented.user = found->user;
    presented.secret = platform::Secret(found->secret);
  }
  platform::wipe(std::span(decoded));
  return good;
}

HttpLogin read(Authenticator& authenticator, std::string_view value) {
  HttpLogin login;
  login.key = authenticator.key('h', value);
  if (const auto* known = authenticator.remembered(login.key)) {
    login.state = known->user ? HttpLogin::State::known : HttpLogin::State::refused;
    login.user = known->user;
    login.refusal = known->refusal;
    return login;
  }
  const bool good = parse(value, login.presented);
  login.state = good ? HttpLogin::State::unknown : HttpLogin::State::malformed;
  return login;
}

runtime::Task<Outcome> ask(Client& client, CredentialKey key, Presented presented,
                           std::string_view protocol) {
  client.entry.state = "logging in";
  auto asked = co_await client.acceptor.authenticator.ask(key, std::move(presented),
                                                          client.entry.client, protocol);
  if (!asked) co_return asked.error();
  client.entry.set_user(std::move(*asked));
  co_return std::nullopt;
}

runtime::Task<Outcome> who_is(Client& client, std::shared_ptr<const Generation> generation,
                              HttpLogin login, std::string_view protocol) {
  switch (login.state) {
    case HttpLogin::State::none:
      if (needs_no_login(client, *generation->config)) break;
      co_return AuthFailure{Refusal::authentication_required, {}, 0};
    case HttpLogin::State::malformed:
      co_return AuthFailure{Refusal::authentication_failed, "malformed", 0, true};
    case HttpLogin::State::refused:
      co_return AuthFailure{login.refusal, "remembered", 0, true};
    case HttpLogin::State::known:
      break;
    case HttpLogin::State::unknown: {
      runtime::Task<Outcome> asking = ask(client, login.key, std::move(login.presented), protocol);
      Outcome outcome = co_await std::move(asking);
      co_return outcome;
    }
  }
  client.entry.set_user(std::move(login.user));
  co_return std::nullopt;
}

runtime::Task<Outcome> who_is(Client& client, Presented presented) {
  if (presented.user.empty() || is_impossible(presented.user, presented.secret.reveal()))
    co_return AuthFailure{Refusal::authentication_failed, "malformed", 0, true};
  Authenticator& authenticator = client.acceptor.authenticator;
  const CredentialKey key = authenticator.key('s', presented.user, presented.secret.reveal());
  const auto* known = authenticator.remembered(key);
  if (known == nullptr) {
    runtime::Task<Outcome> asking = ask(client, key, std::move(presented), "socks5");
    Outcome outcome = co_await std::move(asking);
    co_return outcome;
  }
  if (!known->user) co_return AuthFailure{known->refusal, "remembered", 0, true};
  client.entry.set_user(known->user);
  co_return std::nullopt;
}

}  // namespace

runtime::Task<void> hold_back(bool free) {
  if (free) co_await runtime::sleep_for(refusal_pause);
}

HttpLogin take_login(Client& client, http1::RequestHead& head) {
  HttpLogin login;
  const std::size_t count = head.headers.count(field);
  if (count == 1) login = read(client.acceptor.authenticator, *head.headers.get(field));
  if (count > 1) login.state = HttpLogin::State::malformed;
  head.headers.wipe(field);
  return login;
}

bool asks_who(const config::Config& config) {
  const std::vector<config::AuthMode>& mode = config.server.auth.mode;
  return mode.size() != 1 || mode.front() != config::AuthMode::none;
}

bool log_in_at_once(Client& client, const Generation& generation, HttpLogin& login) {
  const bool known = login.state == HttpLogin::State::known;
  const bool nobody =
      login.state == HttpLogin::State::none && needs_no_login(client, *generation.config);
  if (known || nobody) client.entry.set_user(std::move(login.user));
  return known || nobody;
}

bool needs_no_login(const Client& client, const config::Config& config) {
  return !asks_who(config) ||
         is_trusted(config.server.auth.trusted_networks, client.entry.client.address);
}

runtime::Task<Outcome> log_in(Client& client, std::shared_ptr<const Generation> generation,
                              HttpLogin login, std::string_view protocol) {
  runtime::Task<Outcome> finding_out = who_is(client, generation, std::move(login), protocol);
  Outcome outcome = co_await std::move(finding_out);
  co_await hold_back(outcome && outcome->free);
  co_return outcome;
}

runtime::Task<Outcome> log_in_socks(Client& client, Presented presented) {
  runtime::Task<Outcome> finding_out = who_is(client, std::move(presented));
  Outcome outcome = co_await std::move(finding_out);
  co_await hold_back(outcome && outcome->free);
  co_return outcome;
}

}  // namespace bulkhead::acceptor
