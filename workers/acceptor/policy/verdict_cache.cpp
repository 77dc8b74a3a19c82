#include "workers/acceptor/policy/verdict_cache.h"

#include <cstring>
#include <sodium.h>

namespace bulkhead::acceptor {

CredentialHasher::CredentialHasher() {
  randombytes_buf(key_.data(), key_.size());
}

CredentialKey CredentialHasher::hash(char kind, std::string_view first,
                                     std::string_view second) const {
  crypto_generichash_state state;
  CredentialKey key{};
  // The key as the first octets of what is hashed, not as BLAKE2b's own parameter, which would be a
  // block of its own: with it a credential is one block. Nothing is lost by that, since BLAKE2b
  // cannot be continued from its result.
  crypto_generichash_init(&state, nullptr, 0, key.size());
  const auto add = [&state](const void* octets, std::size_t size) {
    crypto_generichash_update(&state, static_cast<const unsigned char*>(octets), size);
  };
  // The first part's length keeps "a" "bc" from being "ab" "c".
  const std::uint64_t length = first.size();
  add(key_.data(), key_.size());
  add(&kind, 1);
  add(&length, sizeof length);
  add(first.data(), first.size());
  add(second.data(), second.size());
  crypto_generichash_final(&state, key.data(), key.size());
  // It holds what was not hashed yet, in clear.
  sodium_memzero(&state, sizeof state);
  return key;
}

std::size_t VerdictCache::Hash::operator()(const CredentialKey& key) const {
  std::size_t number = 0;
  std::memcpy(&number, key.data(), sizeof number);
  return number;
}

const VerdictCache::Remembered* VerdictCache::find(const CredentialKey& key,
                                                   runtime::Deadline now) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return nullptr;
  if (found->second.until > now) return &found->second.what;
  ages_.erase(found->second.age);
  entries_.erase(found);
  return nullptr;
}

void VerdictCache::remember(const CredentialKey& key, Remembered what, runtime::Deadline until) {
  if (const auto old = entries_.find(key); old != entries_.end()) {
    ages_.erase(old->second.age);
    entries_.erase(old);
  }
  while (entries_.size() >= bound_ && !ages_.empty()) {
    entries_.erase(ages_.front());
    ages_.pop_front();
  }
  const auto age = ages_.insert(ages_.end(), key);
  entries_.emplace(key, Entry{std::move(what), until, age});
}

void VerdictCache::drop(std::string_view user) {
  for (auto each = entries_.begin(); each != entries_.end();) {
    const std::shared_ptr<User>& known = each->second.what.user;
    if (known && known->name() != user) {
      ++each;
      continue;
    }
    ages_.erase(each->second.age);
    each = entries_.erase(each);
  }
}

void VerdictCache::clear() {
  entries_.clear();
  ages_.clear();
}

}  // namespace bulkhead::acceptor
