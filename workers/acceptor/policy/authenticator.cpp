#include "workers/acceptor/policy/authenticator.h"

#include "runtime/timer.h"

namespace bulkhead::acceptor {
namespace {

using proto::Refusal;

// The auth worker's own answer that time is up tells more than our silence.
constexpr runtime::Duration grace{500};

constexpr runtime::Duration step{1'000};
// Its users' changes are told without being asked for.
constexpr std::string_view telling_method = "native";

tl::unexpected<AuthFailure> unavailable(std::string detail) {
  return tl::unexpected(AuthFailure{Refusal::authentication_unavailable, std::move(detail), 0});
}

}  // namespace

Authenticator::Authenticator(platform::UniqueFd socket)
    : channel_(std::move(socket), proto::Party::acceptor, proto::Party::auth) {
  channel_.on<proto::UserRevoked>(
      [this](const proto::UserRevoked& revoked, const ipc::Envelope&) { on_revoked(revoked); });
  channel_.on<proto::LimitsChanged>(
      [this](const proto::LimitsChanged& changed, const ipc::Envelope&) { on_limits(changed); });
}

// Whatever a generation says may bear on who somebody is: nothing is remembered across it.
void Authenticator::configure(const config::Auth& auth) {
  needed_ = auth.required();
  timeout_ = auth.timeout;
  ttl_ = auth.cache.ttl;
  cache_.set_bound(auth.cache.max_entries);
  cache_.clear();
}

runtime::Task<void> Authenticator::close() {
  channel_.close("drained");
  co_await asking_.empty_uncancelled();
}

runtime::Task<Authenticator::Result> Authenticator::ask(CredentialKey key, Presented presented,
                                                        wire::Endpoint client,
                                                        std::string_view protocol) {
  const runtime::Deadline deadline = runtime::Loop::current().after(timeout_);
  std::shared_ptr<UnderWay> asked;
  if (const auto found = under_way_.find(key); found != under_way_.end()) asked = found->second;
  if (!asked) {
    asked = under_way_[key] = std::make_shared<UnderWay>();
    proto::CheckCredential request;
    request.kind = presented.kind;
    request.user = presented.user;
    request.credential.value = std::move(presented.secret);
    request.client = client;
    request.protocol = protocol;
    runtime::spawn(settle(key, asked, std::move(request), deadline));
  }
  const auto waited = co_await asked->done.wait(deadline + grace);
  if (waited != runtime::Event::Result::set) co_return unavailable("no answer in time");
  co_return asked->result;
}

// Belongs to no client: others wait for the same, and the first to ask may be the first to leave.
runtime::Task<void> Authenticator::settle(CredentialKey key, std::shared_ptr<UnderWay> mine,
                                          proto::CheckCredential request,
                                          runtime::Deadline deadline) {
  const runtime::Gate::Pass pass = asking_.enter();
  runtime::Task<Result> calling = call(key, std::move(request), deadline);
  mine->result = co_await std::move(calling);
  under_way_.erase(key);
  mine->done.set();
}

// Asks again when the one that was asked is gone.
runtime::Task<Authenticator::Result> Authenticator::call(CredentialKey key,
                                                         proto::CheckCredential request,
                                                         runtime::Deadline deadline) {
  while (true) {
    const auto left =
        std::chrono::duration_cast<runtime::Duration>(deadline - runtime::Clock::now());
    if (left.count() <= 0 || channel_.ended()) co_return unavailable("no answer in time");
    if (!has_room()) co_return unavailable("too many wait for an answer");
    request.timeout_ms = static_cast<std::uint32_t>(left.count());
    runtime::Task<std::optional<ipc::Envelope>> calling = this->request(request, deadline + grace);
    std::optional<ipc::Envelope> reply = co_await std::move(calling);
    if (!reply) continue;
    const auto verdict = reply->as<proto::AuthVerdict>();
    if (!verdict) co_return unavailable("unexpected answer");
    co_return learn(key, *verdict);
  }
}

Authenticator::Result Authenticator::learn(const CredentialKey& key,
                                           const proto::AuthVerdict& verdict) {
  const runtime::Deadline until = runtime::Loop::current().after(runtime::Duration(verdict.ttl_ms));
  switch (verdict.outcome) {
    case proto::AuthOutcome::accepted: {
      const auto known = users_.find(verdict.user.value);
      const proto::UserLimits before = known ? known->limits() : proto::UserLimits{};
      std::shared_ptr<User> user = users_.learn(verdict);
      if (known) enforce(*user, before);
      if (verdict.ttl_ms != 0) cache_.remember(key, {user, {}}, until);
      return user;
    }
    case proto::AuthOutcome::refused:
      if (verdict.ttl_ms != 0)
        cache_.remember(key, {nullptr, Refusal::authentication_failed}, until);
      return tl::unexpected(AuthFailure{Refusal::authentication_failed, verdict.reason.value, 0});
    case proto::AuthOutcome::throttled:
      return tl::unexpected(AuthFailure{Refusal::authentication_throttled, verdict.reason.value,
                                        verdict.retry_s, true});
    case proto::AuthOutcome::unavailable:
    case proto::AuthOutcome::end_:
      break;
  }
  return unavailable(verdict.reason.value);
}

// Many are adopted at a time; they are asked about together.
std::shared_ptr<User> Authenticator::adopt(std::string_view name) {
  if (!std::exchange(census_due_, true))
    runtime::Loop::current().post([this] {
      census_due_ = false;
      send_census();
    });
  return users_.adopt(name);
}

void Authenticator::on_restart() {
  channel_.forget_calls();
  send_census();
}

runtime::Task<void> Authenticator::ask_again() {
  runtime::Deadline last = runtime::Clock::now();
  // In small steps: the interval may change with each generation.
  for (bool going_on = true; going_on;) {
    going_on = co_await runtime::sleep_for(step);
    if (!going_on || runtime::Clock::now() - last < ttl_) continue;
    last = runtime::Clock::now();
    send_census(Census::of_others);
  }
}

void Authenticator::send_census(Census which) {
  if (!needed_) return;
  proto::UsersPresent part;
  const auto send = [this, &part] {
    if (!has_room()) return;
    ++sent_;
    channel_.send(part);
  };
  for (proto::PresentUser& user : on_census()) {
    if (which == Census::of_others && user.method.value == telling_method) continue;
    if (part.users.push(user)) continue;
    send();
    part.users.items.clear();
    part.users.push(std::move(user));
  }
  if (!part.users.items.empty()) send();
}

void Authenticator::on_revoked(const proto::UserRevoked& revoked) {
  if (revoked.user.value.empty()) {
    cache_.clear();
    return send_census();
  }
  cache_.drop(revoked.user.value);
  if (!revoked.end_connections) return;
  if (const auto user = users_.find(revoked.user.value)) on_gone(*user);
}

void Authenticator::on_limits(const proto::LimitsChanged& changed) {
  const auto user = users_.find(changed.user.value);
  if (!user) return;
  const proto::UserLimits before = user->limits();
  user->learn(changed.limits);
  enforce(*user, before);
}

// Rates and numbers are looked at wherever they are kept; where somebody may go, only when a
// connection is made. A verdict can bring the change before the message about it does.
void Authenticator::enforce(const User& user, const proto::UserLimits& before) const {
  const proto::UserLimits& now = user.limits();
  if (!before.quota_exhausted && now.quota_exhausted) return on_gone(user);
  const bool same = before.domains.items == now.domains.items &&
                    before.destinations.items == now.destinations.items;
  if (!same) on_moved_bounds(user);
}

}  // namespace bulkhead::acceptor
