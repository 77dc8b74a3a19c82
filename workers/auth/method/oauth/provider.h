// What is known of an identity provider: where its endpoints are and which keys it signs with. Both
// are fetched when they are needed, kept, and fetched anew after a while.
//
//   endpoints   from the configuration, else from the issuer's discovery document (OpenID Connect
//               Discovery 1.0, section 4), which must name that very issuer
//   keys        from jwks_url, else from the document's jwks_uri. A token with a key that we do not
//               know fetches them at once (that is how a rotation shows), but never more often than
//               each ten seconds: a flood of made-up key ids is no flood at the provider
//
// While the provider cannot be reached, old keys are good for one more keys_ttl.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "config/auth_methods.h"
#include "workers/auth/method/oauth/http_client.h"
#include "workers/auth/method/oauth/keys.h"
#include "workers/auth/method/trouble.h"

namespace bulkhead::auth {

struct Endpoints {
  std::string issuer;  // as the provider itself writes it
  std::string jwks;
  std::string authorization;
  std::string token;
  std::string userinfo;
  std::string introspection;
};

using Keys = std::shared_ptr<const std::vector<Key>>;

// The settings with what the provider's preset says filled in.
config::OauthAuth with_presets(config::OauthAuth settings);

// Thread-safe. One thread fetches, the others wait for what it gets.
class Provider {
 public:
  // settings: with_presets(); they and the client must outlive it.
  Provider(const config::OauthAuth& settings, HttpClient& client);

  tl::expected<Endpoints, HttpError> endpoints(Deadline deadline);

  // The keys, not older than keys_ttl unless there are no newer ones to be had.
  tl::expected<Keys, HttpError> keys(Deadline deadline);
  // Keys fetched after `known` were; the same again if it is too early to ask.
  tl::expected<Keys, HttpError> newer_keys(const Keys& known, Deadline deadline);

 private:
  using Time = std::chrono::steady_clock::time_point;

  tl::expected<Endpoints, HttpError> discover(Deadline deadline);
  tl::expected<Keys, HttpError> fetch_keys(Deadline deadline);
  tl::expected<Keys, HttpError> fetch_keys_once(Deadline deadline);
  bool fresh(Time now, int lifetimes) const;
  tl::expected<std::string, HttpError> get(const std::string& url, Deadline deadline);

  const config::OauthAuth& settings_;
  HttpClient& client_;
  Trouble trouble_;
  std::mutex mutex_;
  std::condition_variable fetched_;
  bool fetching_ = false;
  Endpoints endpoints_;  // issuer empty: not discovered yet
  Time discovered_;
  Keys keys_;
  Time keys_fetched_;
  Time keys_tried_;
};

}  // namespace bulkhead::auth
