#include "workers/auth/desk/lockouts.h"

#include <algorithm>

namespace bulkhead::auth {
namespace {

constexpr std::uint32_t address_factor = 4;
constexpr std::size_t max_familiar = 100'000;

// An IPv6 customer has a whole /64.
std::string address_key(const wire::IpAddress& address) {
  if (address.is_v4()) return address.to_string();
  return wire::Cidr(address, 64).to_string();
}

std::uint32_t seconds_until(runtime::Deadline then, runtime::Deadline now) {
  if (then <= now) return 0;
  const auto left = std::chrono::ceil<std::chrono::seconds>(then - now).count();
  return static_cast<std::uint32_t>(std::min<std::int64_t>(left, UINT32_MAX));
}

std::string_view name_of(bool user) {
  return user ? "user" : "address";
}

}  // namespace

std::vector<Lockouts::Key> Lockouts::keys_of(const std::string& user,
                                             const wire::IpAddress& address) const {
  std::vector<Key> keys{{Kind::address, address_key(address)}};
  if (!user.empty() && !is_familiar(user, address)) keys.push_back({Kind::user, user});
  return keys;
}

std::uint32_t Lockouts::free_attempts(Kind kind) const {
  return settings_.free_attempts * (kind == Kind::address ? address_factor : 1);
}

std::uint32_t Lockouts::ban_after(Kind kind) const {
  return settings_.ban_after * (kind == Kind::address ? address_factor : 1);
}

runtime::Duration Lockouts::delay_after(Kind kind, std::uint32_t failures) const {
  const std::uint32_t free = free_attempts(kind);
  if (failures < free) return runtime::Duration{0};
  runtime::Duration delay = settings_.delay;
  for (std::uint32_t each = free; each < failures && delay < settings_.max_delay; ++each)
    delay *= 2;
  return std::min(delay, settings_.max_delay);
}

bool Lockouts::is_exempt(const wire::IpAddress& address) const {
  return !settings_.enabled ||
         std::any_of(settings_.allow.begin(), settings_.allow.end(),
                     [&](const wire::Cidr& block) { return block.contains(address); });
}

bool Lockouts::is_forgotten(const Entry& entry, std::int64_t now) const {
  const auto memory = std::chrono::duration_cast<std::chrono::seconds>(settings_.forget).count();
  return entry.pending == 0 && entry.banned_until <= now && now - entry.last_failure > memory;
}

void Lockouts::restore(const std::vector<StoredLockout>& stored, Moment now) {
  for (const StoredLockout& each : stored) {
    Entry& entry = entries_[{each.kind == "user" ? Kind::user : Kind::address, each.subject}];
    entry.failures =
        static_cast<std::uint32_t>(std::clamp<std::int64_t>(each.failures, 0, UINT32_MAX));
    entry.last_failure = std::min(each.last_failure, now.wall);
    entry.banned_until = each.banned_until;
  }
}

Lockouts::Entry& Lockouts::entry_of(const Key& key, Moment now) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) {
    if (entries_.size() >= max_entries) make_room(now);
    return entries_[key];
  }
  Entry& entry = found->second;
  if (entry.failures != 0 && is_forgotten(entry, now.wall)) {
    entry = Entry{};
    entry.dirty = true;
  }
  return entry;
}

// What is forgotten anyway goes first; then those who were wrong least often.
void Lockouts::make_room(Moment now) {
  std::erase_if(entries_, [&](const auto& each) { return is_forgotten(each.second, now.wall); });
  for (std::uint32_t most = 1; entries_.size() >= max_entries && most != 0; most *= 2)
    std::erase_if(entries_, [&](const auto& each) {
      return each.second.pending == 0 && each.second.failures <= most &&
             each.second.banned_until <= now.wall;
    });
}

Lockouts::Admission Lockouts::admit(const std::string& user, const wire::IpAddress& address,
                                    Moment now, runtime::Deadline deadline) {
  if (is_exempt(address)) return {true, now.steady, 0, {}};
  return admit(keys_of(user, address), now, deadline);
}

Lockouts::Admission Lockouts::admit_name(const std::string& user, const wire::IpAddress& address,
                                         Moment now, runtime::Deadline deadline) {
  if (is_exempt(address) || is_familiar(user, address)) return {true, now.steady, 0, {}};
  return admit({{Kind::user, user}}, now, deadline);
}

Lockouts::Admission Lockouts::admit(std::vector<Key> keys, Moment now, runtime::Deadline deadline) {
  Admission admission{true, now.steady, 0, std::move(keys)};
  for (const Key& key : admission.keys) {
    const Entry& entry = entry_of(key, now);
    if (entry.banned_until > now.wall) {
      admission.admitted = false;
      const std::int64_t left = entry.banned_until - now.wall;
      admission.retry_s = std::max(admission.retry_s, static_cast<std::uint32_t>(left));
    }
    if (entry.failures + entry.pending >= free_attempts(key.kind))
      admission.begin = std::max(admission.begin, entry.not_before);
  }
  if (admission.admitted && admission.begin >= deadline) {
    admission.admitted = false;
    admission.retry_s = std::max(1U, seconds_until(admission.begin, now.steady));
  }
  if (!admission.admitted) return admission;
  // As if it failed: others who try at the same time have to stand behind it.
  for (const Key& key : admission.keys) {
    Entry& entry = entry_of(key, now);
    const std::uint32_t count = entry.failures + (key.kind == Kind::user ? entry.pending : 0);
    ++entry.pending;
    if (count >= free_attempts(key.kind))
      entry.not_before = admission.begin + delay_after(key.kind, count);
  }
  return admission;
}

bool Lockouts::failed(const Admission& admission, Moment now) {
  undecided(admission);
  bool banned = false;
  for (const Key& key : admission.keys) {
    Entry& entry = entry_of(key, now);
    ++entry.failures;
    entry.last_failure = now.wall;
    entry.dirty = true;
    const runtime::Duration delay = delay_after(key.kind, entry.failures);
    entry.not_before = std::max(entry.not_before, now.steady + delay);
    if (settings_.ban_after == 0 || entry.failures < ban_after(key.kind)) continue;
    entry.banned_until = now.wall + std::chrono::ceil<std::chrono::seconds>(settings_.ban).count();
    // When the ban is over the delays go on, and some more failures bring the next ban.
    entry.failures = std::min(free_attempts(key.kind), ban_after(key.kind) - 1);
    banned = true;
  }
  return banned;
}

void Lockouts::succeeded(const Admission& admission, const std::string& user,
                         const wire::IpAddress& address, Moment now) {
  undecided(admission);
  for (const Key& key : admission.keys) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) continue;
    Entry& entry = found->second;
    if (key.kind == Kind::user && entry.failures != 0) {
      entry.failures = 0;
      entry.dirty = true;
    }
    entry.not_before = now.steady;
    if (entry.failures == 0 && entry.pending == 0 && !entry.dirty) entries_.erase(found);
  }
  if (!user.empty() && !admission.keys.empty()) note_familiar(user, address);
}

void Lockouts::undecided(const Admission& admission) {
  for (const Key& key : admission.keys) {
    const auto found = entries_.find(key);
    if (found != entries_.end() && found->second.pending != 0) --found->second.pending;
  }
}

std::vector<proto::LockoutRow> Lockouts::rows(Moment now) const {
  std::vector<proto::LockoutRow> rows;
  for (const auto& [key, entry] : entries_) {
    if (entry.failures == 0 || is_forgotten(entry, now.wall)) continue;
    proto::LockoutRow row;
    row.kind = name_of(key.kind == Kind::user);
    row.subject = key.subject;
    row.failures = entry.failures;
    row.last_failure = static_cast<std::uint64_t>(entry.last_failure);
    row.banned = entry.banned_until > now.wall;
    row.delay_s = row.banned ? static_cast<std::uint32_t>(entry.banned_until - now.wall)
                             : seconds_until(entry.not_before, now.steady);
    rows.push_back(row);
  }
  return rows;
}

std::size_t Lockouts::lift(const std::string& subject) {
  std::string wanted = subject;
  if (const auto address = wire::IpAddress::parse(subject)) wanted = address_key(*address);
  std::size_t lifted = 0;
  for (auto each = entries_.begin(); each != entries_.end();) {
    const auto& [key, entry] = *each;
    if (!wanted.empty() && key.subject != wanted) {
      ++each;
      continue;
    }
    if (entry.failures != 0) ++lifted;
    gone_.push_back({std::string(name_of(key.kind == Kind::user)), key.subject, 0, 0, 0});
    each = entries_.erase(each);
  }
  return lifted;
}

void Lockouts::take_changes(std::vector<StoredLockout>& changed, std::vector<StoredLockout>& gone) {
  gone = std::move(gone_);
  gone_.clear();
  for (auto& [key, entry] : entries_) {
    if (!entry.dirty) continue;
    entry.dirty = false;
    StoredLockout stored{std::string(name_of(key.kind == Kind::user)), key.subject, entry.failures,
                         entry.last_failure, entry.banned_until};
    (entry.failures == 0 ? gone : changed).push_back(std::move(stored));
  }
}

bool Lockouts::is_familiar(const std::string& user, const wire::IpAddress& address) const {
  return familiar_.contains(user + '\n' + address_key(address));
}

void Lockouts::note_familiar(const std::string& user, const wire::IpAddress& address) {
  const std::string pair = user + '\n' + address_key(address);
  if (const auto found = familiar_.find(pair); found != familiar_.end()) {
    familiar_order_.splice(familiar_order_.end(), familiar_order_, found->second);
    return;
  }
  familiar_[pair] = familiar_order_.insert(familiar_order_.end(), pair);
  if (familiar_.size() <= max_familiar) return;
  familiar_.erase(familiar_order_.front());
  familiar_order_.pop_front();
}

}  // namespace bulkhead::auth
