// All that checking credentials takes under one generation of the configuration. Checks that are
// under way keep the one they began with.
#pragma once

#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "config/model.h"
#include "workers/auth/method/chain.h"
#include "workers/auth/method/methods.h"
#include "workers/auth/native/accounts.h"
#include "workers/auth/native/password_hash.h"
#include "workers/auth/store/store.h"

namespace bulkhead::auth {

struct Office {
  std::shared_ptr<const config::Config> config;
  std::shared_ptr<Store> store;
  std::shared_ptr<HashingPlaces> places;
  std::unique_ptr<Accounts> accounts;
  std::unique_ptr<Chain> chain;

  const config::Auth& settings() const { return config->server.auth; }
  // Null if there is none of that name.
  Method* method(std::string_view name) const;

  // Blocks: opens the store, reads files. previous (may be null) gives what has not changed. The
  // error is for a person.
  static tl::expected<std::shared_ptr<const Office>, std::string> open(
      std::shared_ptr<const config::Config> config, const Surroundings& surroundings,
      const Office* previous);
};

// As acceptors understand it.
proto::UserLimits to_message(const StoredLimits& limits, bool quota_exhausted);

// The part of a day that names its month, and the day that it is now: 2026-01-31, UTC.
std::string today();
inline std::string month_of(const std::string& day) {
  return day.substr(0, 7);
}

}  // namespace bulkhead::auth
