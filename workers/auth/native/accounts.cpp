#include "workers/auth/native/accounts.h"

#include <cmath>
#include <sodium.h>

#include "workers/auth/native/password_hash.h"

namespace bulkhead::auth {
namespace {

constexpr std::size_t most_decoys = 256;

}  // namespace

StoredLimits to_stored(const config::UserLimits& limits) {
  StoredLimits out;
  out.requests_per_1000s = std::llround(limits.requests_per_second * 1000);
  out.burst = limits.burst;
  out.bytes_per_second = std::llround(limits.max_mbps * 1e6 / 8);
  out.max_connections = limits.max_connections;
  out.monthly_quota = static_cast<std::int64_t>(limits.monthly_quota.bytes);
  for (const config::DomainPattern& domain : limits.domains) out.domains.push_back(domain.text);
  for (const wire::Cidr& block : limits.destinations) out.destinations.push_back(block.to_string());
  return out;
}

config::UserLimits to_config(const StoredLimits& limits) {
  config::UserLimits out;
  out.requests_per_second = static_cast<double>(limits.requests_per_1000s) / 1000;
  out.burst = static_cast<std::uint32_t>(limits.burst);
  out.max_mbps = static_cast<double>(limits.bytes_per_second) * 8 / 1e6;
  out.max_connections = static_cast<std::uint32_t>(limits.max_connections);
  out.monthly_quota.bytes = static_cast<std::uint64_t>(limits.monthly_quota);
  for (const std::string& domain : limits.domains) out.domains.push_back({domain});
  for (const std::string& text : limits.destinations)
    if (const auto block = wire::Cidr::parse(text)) out.destinations.push_back(*block);
  return out;
}

Accounts::Accounts(const config::Auth& auth, Store& store)
    : store_(store), default_limits_(to_stored(auth.limits)) {
  if (auth.uses(config::AuthMode::native)) {
    for (const config::AuthUser& user : auth.native.users) {
      configured_.emplace(user.username,
                          Account{user.username, user.password_hash, user.groups, true, true});
      if (user.limits) configured_limits_.emplace(user.username, to_stored(*user.limits));
    }
  }
  randombytes_buf(decoy_key_.data(), decoy_key_.size());
  refresh_decoys();
}

void Accounts::refresh_decoys() {
  std::vector<platform::Secret> hashes;
  for (const auto& [name, account] : configured_) {
    if (hashes.size() < most_decoys) hashes.push_back(account.password_hash);
  }
  if (const auto stored = store_.users()) {
    for (const StoredUser& user : *stored) {
      if (hashes.size() < most_decoys && !user.password_hash.empty())
        hashes.push_back(user.password_hash);
    }
  }
  if (hashes.empty()) hashes.push_back(hash_password(platform::Secret("nobody's")));
  const std::lock_guard lock(decoys_mutex_);
  decoys_.swap(hashes);
}

platform::Secret Accounts::decoy(const std::string& name) const {
  std::uint64_t number = 0;
  static_assert(sizeof number == crypto_shorthash_BYTES);
  crypto_shorthash(reinterpret_cast<unsigned char*>(&number),
                   reinterpret_cast<const unsigned char*>(name.data()), name.size(),
                   decoy_key_.data());
  const std::lock_guard lock(decoys_mutex_);
  return decoys_[number % decoys_.size()];
}

Stored<std::optional<Account>> Accounts::find(const std::string& name) const {
  const auto configured = configured_.find(name);
  if (configured != configured_.end()) return configured->second;
  auto stored = store_.user(name);
  if (!stored) return tl::unexpected(stored.error());
  if (!*stored) return std::nullopt;
  StoredUser& user = **stored;
  return Account{std::move(user.name), std::move(user.password_hash), std::move(user.groups),
                 user.enabled, false};
}

Stored<Allowance> Accounts::allowance(const std::string& user) const {
  const auto stored = store_.limits(user);
  if (!stored) return tl::unexpected(stored.error());
  return *stored ? Allowance{**stored, true} : configured_allowance(user);
}

Allowance Accounts::configured_allowance(const std::string& user) const {
  const auto configured = configured_limits_.find(user);
  if (configured != configured_limits_.end()) return Allowance{configured->second, true};
  return Allowance{default_limits_, false};
}

}  // namespace bulkhead::auth
