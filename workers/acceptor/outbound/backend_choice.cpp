#include "workers/acceptor/outbound/backend_choice.h"

#include <algorithm>
#include <array>

#include "workers/acceptor/routing/balance/hash.h"

namespace bulkhead::acceptor {
namespace {

using config::Algorithm;
using proto::Refusal;

bool needs_use(Algorithm algorithm) {
  return algorithm == Algorithm::least_conn || algorithm == Algorithm::random;
}

std::uint32_t to_seconds(std::uint64_t milliseconds) {
  return static_cast<std::uint32_t>(milliseconds / 1'000);
}

std::uint32_t lifetime_s(const config::LoadBalancing& balancing) {
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(balancing.sticky_timeout).count();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(seconds, 1, ipc::max_sticky_seconds));
}

std::uint64_t sticky_key(std::uint64_t seed, const config::Rule& rule, std::uint64_t client,
                         std::string_view user) {
  if (!rule.load_balancing.sticky_sessions) return 0;
  return combine(combine(seed, hash_of(rule.name)), user.empty() ? client : hash_of(user));
}

// Failures of which another backend may know better. Not: what is wrong with the request, what a
// policy said, and what this process or the egress cannot do at the moment.
bool may_go_better(Refusal reason) {
  static constexpr std::array reasons{Refusal::parent_unreachable,
                                      Refusal::parent_refused,
                                      Refusal::parent_authentication_failed,
                                      Refusal::parent_protocol_error,
                                      Refusal::tls_failed,
                                      Refusal::dns_failed,
                                      Refusal::dns_timeout,
                                      Refusal::connection_refused,
                                      Refusal::network_unreachable,
                                      Refusal::host_unreachable,
                                      Refusal::connect_timeout,
                                      Refusal::connection_reset};
  return std::find(reasons.begin(), reasons.end(), reason) != reasons.end();
}

std::string all_in_use(const BackendOption& option) {
  return option.backend->name + ": all " + std::to_string(option.limit) + " connections are in use";
}

}  // namespace

BackendChoice::BackendChoice(Balancer& balancer, std::shared_ptr<const Generation> generation,
                             const config::Rule& rule, const wire::IpAddress& client,
                             const User* user)
    : balancer_(balancer),
      generation_(std::move(generation)),
      rule_(rule),
      options_(generation_->options_of(rule)),
      terms_(circuit_terms(*generation_->config)),
      now_ms_(steady_ms(runtime::Loop::current().now())),
      client_(hash_of(client)),
      sticky_key_(sticky_key(balancer.shared.seed(), rule, client_,
                             user == nullptr ? std::string_view() : user->name())) {
  for (std::size_t i = 0; i < options_.size(); ++i)
    if (!generation_->acl.allows(user, options_[i].backend->name)) pass_over(i);
}

// A trial of which nobody said what came: the request was called off.
BackendChoice::~BackendChoice() {
  end_trial();
}

runtime::Task<tl::expected<BackendChoice::Chosen, Failure>> BackendChoice::next(
    TakePooled take_pooled) {
  if (auto chosen = next_now(take_pooled)) co_return std::move(*chosen);
  if (none_left() || best_standing() > Standing::unhealthy) co_return tl::unexpected(nobody());
  auto waited = co_await wait_for_place(std::move(take_pooled));
  co_return waited;
}

std::optional<BackendChoice::Chosen> BackendChoice::next_now(const TakePooled& take_pooled) {
  now_ms_ = steady_ms(runtime::Loop::current().now());
  return choose_now(take_pooled);
}

tl::expected<BackendChoice::Chosen, Failure> BackendChoice::take_one(const Suits& suits,
                                                                     std::string_view unsuitable) {
  const auto suitable = [&](const BackendOption& option) { return suits(*option.backend); };
  if (std::none_of(options_.begin(), options_.end(), suitable)) {
    return tl::unexpected(Failure{Refusal::backend_unsuitable, std::string(unsuitable)});
  }
  // Another acceptor may be quicker, but not for ever.
  for (std::size_t round = 0; round <= options_.size(); ++round) {
    const auto index = pick(Full::counts, suits);
    if (!index) break;
    if (auto place = take_place(options_[*index]))
      return Chosen{options_[*index].backend, std::move(*place), std::nullopt};
  }
  const auto full = pick(Full::ignored, suits);
  if (!full) return tl::unexpected(nobody());
  return tl::unexpected(Failure{Refusal::overloaded, all_in_use(options_[*full])});
}

BackendChoice::Standing BackendChoice::standing(std::size_t index) const {
  const BackendOption& option = options_[index];
  if (option.objection || is_passed(index)) return Standing::unusable;
  SharedBackends& shared = balancer_.shared;
  if (const ipc::BackendShared* state = shared.shared(option.slot)) {
    const auto admitted =
        admission(state->circuit, terms_, now_ms_, shared.healthy_at_ms(option.slot));
    if (admitted == ipc::Admission::no) return Standing::resting;
  }
  const auto is_ill = [&](std::uint32_t slot) {
    return shared.health(slot) == ipc::HealthState::unhealthy;
  };
  return std::any_of(option.checked.begin(), option.checked.end(), is_ill) ? Standing::unhealthy
                                                                           : Standing::fit;
}

BackendChoice::Standing BackendChoice::best_standing(const Suits& suits) const {
  Standing best = Standing::unusable;
  for (std::size_t i = 0; i < options_.size(); ++i) {
    if (!suits || suits(*options_[i].backend)) best = std::min(best, standing(i));
  }
  return best;
}

// Idle connections of our own make room when they have to; whoever waits already comes first.
bool BackendChoice::is_full(std::size_t index) const {
  const BackendOption& option = options_[index];
  if (option.limit == 0) return false;
  if (!waiting_ && balancer_.queue.has_waiting(option.slot)) return true;
  return balancer_.shared.use_of(option.slot).in_use >= option.limit &&
         !balancer_.pool.has_idle(option.slot);
}

// No attempt is left, and the last one failed.
bool BackendChoice::none_left() const {
  return last_failure_ && tried_ >= rule_.load_balancing.attempts;
}

void BackendChoice::pass_over(std::size_t index) {
  passed_.resize(options_.size());
  passed_[index] = true;
}

std::optional<std::size_t> BackendChoice::pick(Full full, const Suits& suits) {
  const Standing worst = best_standing(suits);
  if (worst > Standing::unhealthy) return std::nullopt;
  if (options_.size() == 1) {
    return full == Full::counts && is_full(0) ? std::nullopt : std::optional<std::size_t>(0);
  }
  const Algorithm algorithm = rule_.load_balancing.algorithm;
  std::vector<Candidate> candidates;
  candidates.reserve(options_.size());
  for (std::size_t i = 0; i < options_.size(); ++i) {
    const BackendOption& option = options_[i];
    Candidate each{option.identity, option.weight, standing(i) <= worst, 0, 0};
    if (suits && !suits(*option.backend)) each.usable = false;
    if (needs_use(algorithm)) each.in_use = balancer_.shared.use_of(option.slot).in_use;
    const ipc::BackendShared* state = balancer_.shared.shared(option.slot);
    if (state != nullptr) each.latency_us = latency_us(state->latency);
    candidates.push_back(each);
  }
  if (const auto kept = remembered(candidates)) {
    if (full == Full::counts && is_full(*kept)) return std::nullopt;
    return kept;
  }
  for (std::size_t i = 0; full == Full::counts && i < candidates.size(); ++i) {
    if (candidates[i].usable && is_full(i)) candidates[i].usable = false;
  }
  return choose(algorithm, candidates, {balancer_.turns(rule_.name), balancer_.chance, client_});
}

// Where the client was sent before, if that can be used.
std::optional<std::size_t> BackendChoice::remembered(const std::vector<Candidate>& candidates) {
  if (!rule_.load_balancing.sticky_sessions) return std::nullopt;
  const auto slot = find_sticky(balancer_.shared.sticky(), sticky_key_, to_seconds(now_ms_),
                                lifetime_s(rule_.load_balancing));
  for (std::size_t i = 0; slot && i < options_.size(); ++i) {
    if (options_[i].slot == *slot && candidates[i].usable) return i;
  }
  return std::nullopt;
}

std::optional<BackendChoice::Chosen> BackendChoice::choose_now(const TakePooled& take_pooled) {
  if (none_left()) return std::nullopt;
  // Each round either gives one, or finds one fewer that could be given.
  for (std::size_t round = 0; round <= options_.size(); ++round) {
    const auto index = pick(Full::counts);
    if (!index) return std::nullopt;
    auto chosen = take(*index, take_pooled);
    if (!chosen) continue;
    current_ = index;
    ++tried_;
    return chosen;
  }
  return std::nullopt;
}

std::optional<BackendChoice::Chosen> BackendChoice::take(std::size_t index,
                                                         const TakePooled& take_pooled) {
  const BackendOption& option = options_[index];
  if (!begin_trial(option)) {
    pass_over(index);
    return std::nullopt;
  }
  Chosen chosen;
  chosen.backend = option.backend;
  if (take_pooled) chosen.pooled = take_pooled(*option.backend);
  if (chosen.pooled) return chosen;
  auto place = take_place(option);
  if (!place) {
    end_trial();
    return std::nullopt;
  }
  chosen.place = std::move(*place);
  return chosen;
}

std::optional<Place> BackendChoice::take_place(const BackendOption& option) {
  auto place = balancer_.shared.take(option.slot, option.limit);
  if (!place && balancer_.pool.drop_idle(option.slot)) {
    place = balancer_.shared.take(option.slot, option.limit);
  }
  return place;
}

runtime::Task<tl::expected<BackendChoice::Chosen, Failure>> BackendChoice::wait_for_place(
    TakePooled take_pooled) {
  const auto home = pick(Full::ignored);
  if (!home) co_return tl::unexpected(nobody());
  const BackendOption& option = options_[*home];
  const std::string in_use = all_in_use(option);
  if (balancer_.shared.use_of(option.slot).waiting >= option.backend->max_queue) {
    co_return tl::unexpected(Failure{Refusal::overloaded, in_use + ", and too many wait"});
  }
  std::optional<Chosen> got;
  std::function<bool()> attempt = [&] {
    now_ms_ = steady_ms(runtime::Loop::current().now());
    got = choose_now(take_pooled);
    return got.has_value();
  };
  const auto deadline = runtime::Loop::current().after(option.backend->queue_timeout);
  const SharedBackends::Waiting waiting(balancer_.shared, option.slot);
  waiting_ = true;
  co_await balancer_.queue.wait(option.slot, std::move(attempt), deadline);
  waiting_ = false;
  if (got) co_return std::move(*got);
  co_return tl::unexpected(Failure{Refusal::overloaded, in_use + ", and none became free in time"});
}

// True unless it may be connected to as a trial only, and another acceptor is at it.
bool BackendChoice::begin_trial(const BackendOption& option) {
  ipc::BackendShared* state = balancer_.shared.shared(option.slot);
  if (state == nullptr) return true;
  const std::uint64_t healthy_at = balancer_.shared.healthy_at_ms(option.slot);
  switch (admission(state->circuit, terms_, now_ms_, healthy_at)) {
    case ipc::Admission::yes:
      return true;
    case ipc::Admission::no:
      return false;
    case ipc::Admission::trial:
      break;
  }
  const bool begun = ipc::begin_trial(state->circuit, terms_, now_ms_, healthy_at);
  if (begun) {
    trial_ = true;
    on_trial_ = option.slot;
  }
  return begun;
}

void BackendChoice::end_trial() {
  if (!trial_) return;
  trial_ = false;
  abandon_trial(balancer_.shared.shared(on_trial_)->circuit, terms_, now_ms_);
}

void BackendChoice::succeeded(const OpenReport& report) {
  const BackendOption& option = options_[*current_];
  note_works(option);
  ipc::BackendShared* state = balancer_.shared.shared(option.slot);
  if (state != nullptr && report.reached.count() > 0) {
    const auto sample = std::clamp<std::int64_t>(report.reached.count(), 1, UINT32_MAX);
    add_sample(state->latency, static_cast<std::uint32_t>(sample), now_ms_);
  }
  remember();
}

// Where the client was sent, if that is new.
void BackendChoice::remember() {
  const std::uint32_t slot = options_[*current_].slot;
  if (!rule_.load_balancing.sticky_sessions || balancer_.shared.shared(slot) == nullptr) return;
  ipc::StickyTable& table = balancer_.shared.sticky();
  const std::uint32_t now = to_seconds(now_ms_);
  if (find_sticky(table, sticky_key_, now, lifetime_s(rule_.load_balancing)) == slot) return;
  remember_sticky(table, sticky_key_, slot, now);
}

bool BackendChoice::failed(const Failure& failure, const OpenReport& report) {
  const BackendOption& option = options_[*current_];
  last_failure_ = failure;
  now_ms_ = steady_ms(runtime::Loop::current().now());
  if (report.at_fault == OpenReport::AtFault::backend) note_broken(option, failure);
  if (report.at_fault == OpenReport::AtFault::destination) note_works(option);
  end_trial();
  pass_over(*current_);
  // A destination that does not answer is not waited for through one backend after the other.
  const bool silent_destination =
      failure.reason == Refusal::connect_timeout && report.at_fault != OpenReport::AtFault::backend;
  return may_go_better(failure.reason) && !silent_destination && !none_left() &&
         best_standing() <= Standing::unhealthy;
}

void BackendChoice::note_works(const BackendOption& option) {
  trial_ = false;
  ipc::BackendShared* state = balancer_.shared.shared(option.slot);
  if (state == nullptr || !terms_.enabled) return;
  if (note_success(state->circuit)) {
    balancer_.report(*option.backend, true, {});
  } else if (balancer_.shared.health(option.slot) != ipc::HealthState::healthy) {
    balancer_.report_now_and_then(*option.backend);
  }
}

void BackendChoice::note_broken(const BackendOption& option, const Failure& failure) {
  trial_ = false;
  ipc::BackendShared* state = balancer_.shared.shared(option.slot);
  if (state == nullptr) return;
  const bool opened =
      note_failure(state->circuit, terms_, now_ms_, balancer_.shared.healthy_at_ms(option.slot));
  if (!opened) return;
  const bool says_all = failure.reason == Refusal::parent_unreachable && !failure.detail.empty();
  balancer_.report(
      *option.backend, false,
      says_all ? failure.detail : std::string(to_string(failure.reason)) + ": " + failure.detail);
}

// Why none is left: what went wrong, what they object, or that all rest.
Failure BackendChoice::nobody() const {
  if (last_failure_) return *last_failure_;
  if (options_.empty()) return {Refusal::backend_unavailable, "no such backend"};
  for (std::size_t i = 0; i < options_.size(); ++i) {
    if (!options_[i].objection && !is_passed(i)) {
      return {Refusal::backend_unavailable, options_[i].backend->name +
                                                ": connections to it failed, it is not tried at "
                                                "the moment"};
    }
  }
  for (const BackendOption& option : options_)
    if (option.objection) return *option.objection;
  return {Refusal::backend_unavailable, "none is left"};
}

}  // namespace bulkhead::acceptor
