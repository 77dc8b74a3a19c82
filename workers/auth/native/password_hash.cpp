#include "workers/auth/native/password_hash.h"

#include <crypt.h>
#include <memory>
#include <sodium.h>

namespace bulkhead::auth {
namespace {

constexpr unsigned long long passes = 2;
constexpr std::size_t memory_bytes = std::size_t{19} * 1024 * 1024;

struct WipeAndFree {
  void operator()(crypt_data* data) const {
    platform::wipe(std::span(reinterpret_cast<char*>(data), sizeof *data));
    delete data;
  }
};

// Time depends on the lengths only.
bool equal(std::string_view one, std::string_view other) {
  return one.size() == other.size() && sodium_memcmp(one.data(), other.data(), one.size()) == 0;
}

bool verify_crypt(const std::string& hash, std::string_view password) {
  const std::unique_ptr<crypt_data, WipeAndFree> data(new crypt_data{});
  std::string text(password);  // crypt wants the NUL
  const char* result = crypt_rn(text.c_str(), hash.c_str(), data.get(), sizeof *data);
  platform::wipe(text);
  return result != nullptr && equal(result, hash);
}

}  // namespace

platform::Secret hash_password(const platform::Secret& password) {
  char out[crypto_pwhash_STRBYTES];
  const std::string_view clear = password.reveal();
  if (crypto_pwhash_str_alg(out, clear.data(), clear.size(), passes, memory_bytes,
                            crypto_pwhash_ALG_ARGON2ID13) != 0)
    return {};
  return platform::Secret(std::string_view(out));
}

bool verify_password(const platform::Secret& hash, std::string_view password) {
  // Nothing after a NUL would be compared.
  if (password.find('\0') != std::string_view::npos) return false;
  std::string text(hash.reveal());
  const bool good =
      text.starts_with("$argon2id$")
          ? crypto_pwhash_str_verify(text.c_str(), password.data(), password.size()) == 0
          : !text.empty() && verify_crypt(text, password);
  platform::wipe(text);
  return good;
}

bool is_outdated(const platform::Secret& hash) {
  std::string text(hash.reveal());
  const bool outdated = !text.starts_with("$argon2id$") ||
                        crypto_pwhash_str_needs_rehash(text.c_str(), passes, memory_bytes) != 0;
  platform::wipe(text);
  return outdated;
}

HashingPlaces::Place::Place(HashingPlaces& places, std::chrono::steady_clock::time_point deadline)
    : places_(places) {
  std::unique_lock lock(places_.mutex_);
  taken_ = places_.freed_.wait_until(lock, deadline, [this] { return places_.free_ != 0; });
  if (!taken_) return;
  --places_.free_;
  ticks_.emplace(places_.ticks_);
}

HashingPlaces::Place::~Place() {
  if (!taken_) return;
  {
    const std::lock_guard lock(places_.mutex_);
    ++places_.free_;
  }
  places_.freed_.notify_one();
}

std::optional<bool> HashingPlaces::verify(const platform::Secret& hash, std::string_view password,
                                          std::chrono::steady_clock::time_point deadline) {
  const Place place(*this, deadline);
  if (!place) return std::nullopt;
  return verify_password(hash, password);
}

std::optional<platform::Secret> HashingPlaces::hash(
    const platform::Secret& password, std::chrono::steady_clock::time_point deadline) {
  const Place place(*this, deadline);
  if (!place) return std::nullopt;
  return hash_password(password);
}

}  // namespace bulkhead::auth
