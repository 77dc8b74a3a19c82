// Hashes of passwords, in the form of crypt(5): argon2id is what is written; bcrypt, yescrypt,
// gost-yescrypt, scrypt, sha256-crypt and sha512-crypt are accepted as well.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string_view>

#include "platform/secret.h"
#include "workers/auth/native/scheduling_ticks.h"

namespace bulkhead::auth {

// argon2id with 19 MiB and two passes, the least that OWASP recommends: about 20 ms.
platform::Secret hash_password(const platform::Secret& password);

// False too for a hash of no kind that is known. Takes the time that the hash costs.
bool verify_password(const platform::Secret& hash, std::string_view password);

// Whether it is weaker than, or another than, what hash_password() writes.
bool is_outdated(const platform::Secret& hash);

// Lets at most so many hash at the same time, in a way that others on the same core get their turn.
// Thread-safe.
class HashingPlaces {
 public:
  explicit HashingPlaces(unsigned places) : free_(places) {}

  // As verify_password(); nothing when no place became free in time.
  std::optional<bool> verify(const platform::Secret& hash, std::string_view password,
                             std::chrono::steady_clock::time_point deadline);
  std::optional<platform::Secret> hash(const platform::Secret& password,
                                       std::chrono::steady_clock::time_point deadline);

  const SchedulingTicks& ticks() const { return ticks_; }

 private:
  // One of the places, while it lives; false if none became free in time.
  class Place {
   public:
    Place(HashingPlaces& places, std::chrono::steady_clock::time_point deadline);
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    explicit operator bool() const { return taken_; }

   private:
    HashingPlaces& places_;
    bool taken_;
    std::optional<SchedulingTicks::Use> ticks_;
  };

  // Not a std::counting_semaphore: to wait for one with a deadline, GCC's wakes up over and over.
  std::mutex mutex_;
  std::condition_variable freed_;
  unsigned free_;
  SchedulingTicks ticks_;
};

}  // namespace bulkhead::auth
