// Verdicts that may be remembered, found by a keyed hash of what the client presented: nothing is
// kept from which a credential could be found again. The key is drawn when the process starts.
//
// The oldest go when there is no room.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "proto/refusal.h"
#include "runtime/loop.h"
#include "workers/acceptor/policy/user.h"

namespace bulkhead::acceptor {

using CredentialKey = std::array<std::uint8_t, 16>;

class CredentialHasher {
 public:
  CredentialHasher();
  // kind tells apart what looks alike: a header's value, a name and a password.
  CredentialKey hash(char kind, std::string_view first, std::string_view second = {}) const;

 private:
  std::array<std::uint8_t, 32> key_{};
};

class VerdictCache {
 public:
  // Whom the credential belongs to, or why it is worth nothing.
  struct Remembered {
    std::shared_ptr<User> user;  // null: refused
    proto::Refusal refusal = proto::Refusal::authentication_failed;
  };

  void set_bound(std::size_t entries) { bound_ = entries; }

  // Valid until the next call that changes the cache.
  const Remembered* find(const CredentialKey& key, runtime::Deadline now);
  void remember(const CredentialKey& key, Remembered what, runtime::Deadline until);

  // All that concerns the user, and every no: one of them may have been about him.
  void drop(std::string_view user);
  void clear();
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    Remembered what;
    runtime::Deadline until;
    std::list<CredentialKey>::iterator age;
  };
  struct Hash {
    std::size_t operator()(const CredentialKey& key) const;
  };

  std::size_t bound_ = 50'000;
  std::unordered_map<CredentialKey, Entry, Hash> entries_;
  std::list<CredentialKey> ages_;  // oldest first
};

}  // namespace bulkhead::acceptor
