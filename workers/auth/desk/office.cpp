#include "workers/auth/desk/office.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <thread>

#include "workers/auth/native/native_method.h"

namespace bulkhead::auth {
namespace {

unsigned hashing_places(const config::Auth& auth) {
  return auth.hashing_threads.value_or(std::max(1U, std::thread::hardware_concurrency() / 2));
}

}  // namespace

Method* Office::method(std::string_view name) const {
  for (const auto& each : chain->methods())
    if (each->name() == name) return each.get();
  return nullptr;
}

tl::expected<std::shared_ptr<const Office>, std::string> Office::open(
    std::shared_ptr<const config::Config> config, const Surroundings& surroundings,
    const Office* previous) {
  auto office = std::make_shared<Office>();
  const config::Auth& auth = config->server.auth;
  office->config = std::move(config);
  if (previous != nullptr && previous->settings().store == auth.store) {
    office->store = previous->store;
  } else {
    auto opened = surroundings.trial ? Store::rehearse(auth.store, surroundings.has_directory)
                                     : Store::open(auth.store);
    if (!opened) return tl::unexpected("the users' store: " + opened.error().text);
    office->store = std::move(*opened);
  }
  const bool same_places =
      previous != nullptr && hashing_places(previous->settings()) == hashing_places(auth);
  office->places =
      same_places ? previous->places : std::make_shared<HashingPlaces>(hashing_places(auth));
  office->accounts = std::make_unique<Accounts>(auth, *office->store);
  std::vector<std::unique_ptr<Method>> methods;
  for (const config::AuthMode mode : auth.mode) {
    if (mode == config::AuthMode::none) continue;
    std::unique_ptr<Method> method;
    if (mode == config::AuthMode::native)
      method = std::make_unique<NativeMethod>(*office->accounts, *office->places);
    else
      method = make_method(mode, auth, surroundings);
    if (!method) return tl::unexpected(std::string("server.auth.mode: not in this version"));
    methods.push_back(std::move(method));
  }
  office->chain = std::make_unique<Chain>(std::move(methods));
  return office;
}

proto::UserLimits to_message(const StoredLimits& limits, bool quota_exhausted) {
  const auto bounded = [](std::int64_t value) {
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(value, 0, UINT32_MAX));
  };
  proto::UserLimits message;
  message.requests_per_1000s = static_cast<std::uint64_t>(limits.requests_per_1000s);
  message.burst = bounded(limits.burst);
  message.bytes_per_second = static_cast<std::uint64_t>(limits.bytes_per_second);
  message.max_connections = bounded(limits.max_connections);
  message.quota_exhausted = quota_exhausted;
  for (const std::string& domain : limits.domains) message.domains.push(domain);
  for (const std::string& block : limits.destinations) message.destinations.push(block);
  return message;
}

std::string today() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::array<char, 16> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%d", &utc);
  return {text.data(), size};
}

}  // namespace bulkhead::auth
