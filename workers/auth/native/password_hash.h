// Hashes of passwords, in the form of crypt(5): argon2id is what is written; bcrypt, yescrypt,
// gost-yescrypt, scrypt, sha256-crypt and sha512-crypt are accepted as well.
#pragma once

#include <chrono>
#include <optional>
#include <semaphore>
#include <string_view>

#include "platform/secret.h"

namespace bulkhead::auth {

// argon2id with 19 MiB and two passes, the least that OWASP recommends: about 20 ms.
platform::Secret hash_password(const platform::Secret& password);

// False too for a hash of no kind that is known. Takes the time that the hash costs.
bool verify_password(const platform::Secret& hash, std::string_view password);

// Whether it is weaker than, or another than, what hash_password() writes.
bool is_outdated(const platform::Secret& hash);

// Lets at most so many hash at the same time. Thread-safe.
class HashingPlaces {
 public:
  explicit HashingPlaces(unsigned places) : free_(static_cast<std::ptrdiff_t>(places)) {}

  // As verify_password(); nothing when no place became free in time.
  std::optional<bool> verify(const platform::Secret& hash, std::string_view password,
                             std::chrono::steady_clock::time_point deadline);
  std::optional<platform::Secret> hash(const platform::Secret& password,
                                       std::chrono::steady_clock::time_point deadline);

 private:
  std::counting_semaphore<> free_;
};

}  // namespace bulkhead::auth
