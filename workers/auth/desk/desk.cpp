#include "workers/auth/desk/desk.h"

#include <ctime>
#include <set>
#include <sodium.h>

#include "runtime/log.h"
#include "runtime/timer.h"
#include "workers/auth/method/verdict.h"

namespace bulkhead::auth {
namespace {

namespace log = runtime::log;
using namespace std::chrono_literals;

// A login of the same user from the same place is news again after so many seconds.
constexpr std::int64_t news_after = 3'600;
constexpr std::size_t max_logged = 50'000;
// How often a check begins anew because somebody was changed meanwhile.
constexpr int max_rounds = 8;
constexpr std::string_view census_lane = "census";
// A yes that was given without the store, which may know better soon.
constexpr runtime::Duration provisional{5'000};

Credential take_credential(proto::CheckCredential& request) {
  Credential credential;
  credential.kind = request.kind == proto::CredentialKind::bearer ? Credential::Kind::bearer
                                                                  : Credential::Kind::basic;
  credential.user = request.user.value;
  credential.use = std::string_view(request.protocol.value).starts_with("socks")
                       ? Credential::Use::socks
                       : Credential::Use::http;
  credential.secret = std::move(request.credential.value);
  return credential;
}

proto::AuthVerdict refused(Reason reason, runtime::Duration ttl) {
  proto::AuthVerdict verdict;
  verdict.outcome = proto::AuthOutcome::refused;
  verdict.reason = to_string(reason);
  verdict.ttl_ms = static_cast<std::uint32_t>(ttl.count());
  return verdict;
}

proto::AuthVerdict throttled(const Lockouts::Admission& admission) {
  proto::AuthVerdict verdict;
  verdict.outcome = proto::AuthOutcome::throttled;
  verdict.reason = "throttled";
  verdict.retry_s = admission.retry_s;
  return verdict;
}

proto::AuthVerdict unavailable(Reason reason) {
  proto::AuthVerdict verdict;
  verdict.reason = to_string(reason);
  return verdict;
}

}  // namespace

Desk::Desk(Lanes& lanes, ThreadPool& threads, ThreadPool& writer, Journal& journal)
    : lanes_(lanes), threads_(threads), writer_(writer), journal_(journal) {
  randombytes_buf(key_.data(), key_.size());
}

Moment Desk::now() {
  return {runtime::Clock::now(), std::time(nullptr)};
}

void Desk::move_into(std::shared_ptr<const Office> office) {
  office_ = std::move(office);
  lockouts_.configure(office_->settings().lockout);
  note_change();
}

// Of name, secret and use, keyed, so that nothing is kept by which they could be found.
Desk::Digest Desk::digest(const Credential& credential) const {
  crypto_generichash_state state;
  crypto_generichash_init(&state, key_.data(), key_.size(), Digest{}.size());
  const auto add = [&state](std::string_view text) {
    crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(text.data()),
                              text.size());
  };
  add(credential.kind == Credential::Kind::bearer ? "t" : "p");
  add(credential.use == Credential::Use::socks ? "s" : "h");
  add(std::to_string(credential.user.size()) + ':');
  add(credential.user);
  add(credential.secret.reveal());
  Digest out{};
  crypto_generichash_final(&state, out.data(), out.size());
  return out;
}

runtime::Task<proto::AuthVerdict> Desk::check(proto::CheckCredential request) {
  const auto asked = std::min(runtime::Duration(request.timeout_ms), office_->settings().timeout);
  const runtime::Deadline deadline = runtime::Loop::current().after(asked);
  const auto credential = std::make_shared<const Credential>(take_credential(request));
  if (!acceptable(*credential))
    co_return refused(Reason::malformed_credential, office_->settings().cache.failure_ttl);
  const Digest key = digest(*credential);
  if (const auto found = under_way_.find(key); found != under_way_.end()) {
    const std::shared_ptr<UnderWay> other = found->second;
    const auto result = co_await other->done.wait(deadline);
    if (result == runtime::Event::Result::set) co_return other->verdict;
    co_return unavailable(Reason::timed_out);
  }
  const auto mine = std::make_shared<UnderWay>();
  under_way_[key] = mine;
  runtime::Task<proto::AuthVerdict> looking = look(credential, std::move(request), deadline);
  mine->verdict = co_await std::move(looking);
  under_way_.erase(key);
  mine->done.set();
  co_return mine->verdict;
}

runtime::Task<proto::AuthVerdict> Desk::look(std::shared_ptr<const Credential> credential,
                                             proto::CheckCredential request,
                                             runtime::Deadline deadline) {
  const wire::IpAddress address = request.client.address;
  const Lockouts::Admission admission = lockouts_.admit(credential->user, address, now(), deadline);
  if (!admission.admitted) co_return throttled(admission);
  if (admission.begin > runtime::Clock::now()) co_await runtime::sleep_until(admission.begin);
  const runtime::Deadline begun = runtime::Clock::now();
  runtime::Task<std::optional<Checked>> asking = ask(credential, deadline);
  const std::optional<Checked> checked = co_await std::move(asking);
  if (!checked || checked->verdict.outcome == Outcome::unavailable) {
    lockouts_.undecided(admission);
    const Reason reason = checked ? checked->verdict.reason : Reason::overloaded;
    log::warn("a credential could not be checked",
              {{"reason", to_string(reason)},
               {"method", checked ? checked->verdict.method : std::string_view("none")}});
    co_return unavailable(reason);
  }
  // Whatever the spelling, a person has one count; which it is only the method could tell.
  const std::string& person = checked->verdict.user;
  Lockouts::Admission in_person;
  const bool other_spelling =
      credential->kind == Credential::Kind::basic && !person.empty() && person != credential->user;
  if (other_spelling) in_person = lockouts_.admit_name(person, address, now(), deadline);
  if (!in_person.admitted) {
    lockouts_.undecided(admission);
    co_return throttled(in_person);
  }
  if (other_spelling && in_person.begin > runtime::Clock::now())
    co_await runtime::sleep_until(in_person.begin);
  if (checked->verdict.outcome == Outcome::accepted && checked->changes != changes_) {
    lockouts_.undecided(admission);
    lockouts_.undecided(in_person);
    co_return unavailable(Reason::overloaded);
  }
  bool banned = false;
  if (checked->verdict.outcome == Outcome::accepted) {
    lockouts_.succeeded(admission, credential->user, address, now());
    lockouts_.succeeded(in_person, person, address, now());
  } else {
    banned = lockouts_.failed(admission, now());
    banned = lockouts_.failed(in_person, now()) || banned;
  }
  note(*credential, request, checked->verdict, banned);
  const bool refusal = checked->verdict.outcome != Outcome::accepted;
  if (refusal && credential->kind == Credential::Kind::basic) {
    runtime::Task<void> holding = hold_back(*checked, begun, deadline);
    co_await std::move(holding);
  }
  co_return conclude(*checked);
}

runtime::Task<void> Desk::hold_back(const Checked& checked, runtime::Deadline begun,
                                    runtime::Deadline deadline) {
  refusals_.note(checked.way, std::chrono::ceil<runtime::Duration>(runtime::Clock::now() - begun));
  const runtime::Deadline until = begun + refusals_.pace(randombytes_random());
  co_await runtime::sleep_until(std::min(until, deadline));
}

// A yes must not be the yes of a moment before the user was removed; where changes do not end,
// there is none.
runtime::Task<std::optional<Desk::Checked>> Desk::ask(std::shared_ptr<const Credential> credential,
                                                      runtime::Deadline deadline) {
  for (int round = 0; round < max_rounds; ++round) {
    const std::uint64_t before = changes_;
    runtime::Task<std::optional<Checked>> consulting = consult(office_, credential, deadline);
    std::optional<Checked> checked = co_await std::move(consulting);
    if (checked) checked->changes = before;
    if (before == changes_ || !checked) co_return checked;
  }
  co_return std::nullopt;
}

// One method after the other, as Chain does it. Nothing: there was no time for the last step.
runtime::Task<std::optional<Desk::Checked>> Desk::consult(
    std::shared_ptr<const Office> office, std::shared_ptr<const Credential> credential,
    runtime::Deadline deadline) {
  Inquiry inquiry;
  for (const auto& method : office->chain->methods()) {
    if (!method->concerns(*credential)) {
      inquiry.take(refusal(method->name(), Reason::other_kind_of_credential));
      continue;
    }
    std::function<Verdict()> job = [office, credential, deadline, asked = method.get()] {
      return asked->check(*credential, deadline);
    };
    std::optional<Verdict> verdict =
        co_await lanes_.of(method->name()).run<Verdict>(std::move(job), deadline);
    if (!verdict) verdict = refusal(method->name(), Reason::overloaded);
    if (inquiry.take(std::move(*verdict))) break;
  }
  Checked checked;
  checked.verdict = inquiry.answer();
  checked.way = inquiry.way();
  const std::vector<Method*> elders = office->chain->elders(*credential, checked.verdict);
  for (Method* elder : elders) {
    if (checked.verdict.outcome != Outcome::accepted) break;
    std::function<Verdict()> job = [office, elder, deadline, user = checked.verdict.user] {
      return elder->look_up(user, deadline);
    };
    const std::optional<Verdict> said =
        co_await lanes_.of(elder->name()).run<Verdict>(std::move(job), deadline);
    if (said) checked.verdict = Chain::heed(*credential, std::move(checked.verdict), *said);
  }
  if (checked.verdict.outcome != Outcome::accepted) co_return checked;
  std::function<Checked()> job = [office, checked] { return entitle(*office, checked); };
  co_return co_await threads_.run<Checked>(std::move(job), deadline);
}

// What the user may do.
Desk::Checked Desk::entitle(const Office& office, Checked checked) {
  const std::string& user = checked.verdict.user;
  const auto allowance = office.accounts->allowance(user);
  checked.without_store = !allowance;
  checked.allowance = allowance ? *allowance : office.accounts->configured_allowance(user);
  const std::int64_t quota = checked.allowance.limits.monthly_quota;
  if (quota == 0) return checked;
  const auto used = office.store->total(user, month_of(today()));
  checked.quota_exhausted = used && *used >= quota;
  return checked;
}

proto::AuthVerdict Desk::conclude(const Checked& checked) const {
  const config::AuthCache& cache = office_->settings().cache;
  const Verdict& verdict = checked.verdict;
  if (verdict.outcome != Outcome::accepted) {
    proto::AuthVerdict answer = refused(verdict.reason, cache.failure_ttl);
    answer.method = verdict.method;
    return answer;
  }
  proto::AuthVerdict answer;
  answer.outcome = proto::AuthOutcome::accepted;
  answer.reason = to_string(verdict.reason);
  answer.method = verdict.method;
  answer.user = verdict.user;
  for (const std::string& group : verdict.groups) {
    if (answer.groups.push(group)) continue;
    log::warn("a user is in more groups than are looked at",
              {{"user", verdict.user}, {"groups", verdict.groups.size()}});
    break;
  }
  answer.limits = to_message(checked.allowance.limits, checked.quota_exhausted);
  runtime::Duration ttl = cache.ttl;
  if (checked.without_store) ttl = std::min(ttl, provisional);
  if (verdict.expires) {
    const auto left = std::chrono::duration_cast<runtime::Duration>(
        *verdict.expires - std::chrono::system_clock::now());
    ttl = std::clamp(left, 0ms, ttl);
  }
  answer.ttl_ms = static_cast<std::uint32_t>(ttl.count());
  return answer;
}

void Desk::note(const Credential& credential, const proto::CheckCredential& request,
                const Verdict& verdict, bool banned) {
  const bool accepted = verdict.outcome == Outcome::accepted;
  AuditEntry entry;
  entry.kind = accepted ? "login" : "login_failed";
  entry.subject = accepted ? verdict.user : credential.user;
  entry.address = request.client.address.to_string();
  entry.detail = std::string(request.protocol.value) + ' ' + std::string(verdict.method) + ' ' +
                 std::string(to_string(verdict.reason));
  if (accepted && !is_news(entry.subject, entry.address)) return;
  if (accepted) note_login(verdict.user);
  if (banned) {
    AuditEntry ban = entry;
    ban.kind = "ban";
    journal_.add(std::move(ban));
    log::warn("too many wrong credentials: banned for a while",
              {{"user", entry.subject}, {"address", entry.address}});
  }
  journal_.add(std::move(entry));
}

bool Desk::is_news(const std::string& user, const std::string& address) {
  const std::int64_t now = std::time(nullptr);
  if (logged_.size() >= max_logged)
    std::erase_if(logged_, [now](const auto& each) { return now - each.second > news_after; });
  if (logged_.size() >= max_logged) logged_.clear();
  std::int64_t& last = logged_[user + '\n' + address];
  if (now - last < news_after) return false;
  last = now;
  return true;
}

void Desk::note_login(const std::string& user) {
  std::function<bool()> job = [store = office_->store, user] {
    return store->note_login(user, std::time(nullptr)).has_value();
  };
  runtime::spawn([](ThreadPool& writer, std::function<bool()> work) -> runtime::Task<void> {
    co_await writer.run<bool>(std::move(work));
  }(writer_, std::move(job)));
}

// A method that cannot be asked now is not asked about the next one: each would take its time-out.
std::vector<std::string> Desk::find_gone(const Office& office,
                                         const std::vector<PresentUser>& present) {
  std::vector<std::string> names;
  std::set<std::string> away;
  for (const PresentUser& user : present) {
    const auto deadline = std::chrono::steady_clock::now() + office.settings().timeout;
    // A provider of tokens cannot be asked about anybody.
    const bool unknown_method = user.method.empty();
    if (unknown_method && office.settings().uses(config::AuthMode::oauth)) continue;
    if (away.contains(user.method)) continue;
    Reason reason = Reason::no_method;
    if (unknown_method) {
      reason = office.chain->look_up(user.name, deadline).reason;
    } else if (Method* method = office.method(user.method)) {
      reason = method->look_up(user.name, deadline).reason;
    }
    if (outcome_of(reason) == Outcome::unavailable) away.insert(user.method);
    const bool gone = reason == Reason::unknown_user || reason == Reason::no_method ||
                      outcome_of(reason) == Outcome::refused;
    if (gone) names.push_back(user.name);
  }
  return names;
}

runtime::Task<std::vector<std::string>> Desk::gone(std::vector<PresentUser> present) {
  std::function<std::vector<std::string>()> job = [office = office_, present = std::move(present)] {
    return find_gone(*office, present);
  };
  auto names = co_await lanes_.of(census_lane).run<std::vector<std::string>>(std::move(job));
  co_return names ? std::move(*names) : std::vector<std::string>{};
}

}  // namespace bulkhead::auth
