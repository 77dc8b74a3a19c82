// The users that this server knows itself: those of the configuration, and those of the store. The
// configuration's come first: a user of the store that has the name of one of them is not looked
// at.
//
// Thread-safe; what asks the store blocks.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/server.h"
#include "workers/auth/store/store.h"

namespace bulkhead::auth {

struct Account {
  std::string name;
  platform::Secret password_hash;  // empty: no password will do
  std::vector<std::string> groups;
  bool enabled = true;
  bool in_config = false;
};

StoredLimits to_stored(const config::UserLimits& limits);
config::UserLimits to_config(const StoredLimits& limits);

// What one user may do, as the store and the configuration have it.
struct Allowance {
  StoredLimits limits;
  bool own = false;  // not the default
};

class Accounts {
 public:
  // store outlives this.
  Accounts(const config::Auth& auth, Store& store);

  Stored<std::optional<Account>> find(const std::string& name) const;

  // A hash for a name that nobody has: the one of some user, always the same for the same name, so
  // that being refused takes as long as it takes others. What it verifies means nothing.
  platform::Secret decoy(const std::string& name) const;

  // Of any user, also of those whom other methods know. The store's come first.
  Stored<Allowance> allowance(const std::string& user) const;

  // The same without the store's.
  Allowance configured_allowance(const std::string& user) const;

  const std::map<std::string, Account>& of_config() const { return configured_; }
  Store& store() const { return store_; }

  // Reads the store's hashes anew for decoy().
  void refresh_decoys();

 private:
  Store& store_;
  std::map<std::string, Account> configured_;
  std::map<std::string, StoredLimits> configured_limits_;
  StoredLimits default_limits_;
  std::array<unsigned char, 16> decoy_key_{};
  mutable std::mutex decoys_mutex_;
  std::vector<platform::Secret> decoys_;  // never empty
};

}  // namespace bulkhead::auth
