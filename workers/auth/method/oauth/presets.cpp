// What the well-known providers have in common with nobody.
#include "workers/auth/method/oauth/provider.h"

namespace bulkhead::auth {
namespace {

void set(std::string& setting, std::string_view preset) {
  if (setting.empty()) setting = preset;
}

}  // namespace

config::OauthAuth with_presets(config::OauthAuth settings) {
  // Before the presets: they know endpoints that nobody asked to be used.
  settings.opaque_tokens = settings.opaque_tokens_in_force();
  switch (settings.provider) {
    case config::OauthProvider::generic:
      break;
    case config::OauthProvider::google:
      set(settings.jwt.issuer, "https://accounts.google.com");
      set(settings.username_claim, "email");
      // Not RFC 7662: see opaque_token.h.
      set(settings.introspection_url, "https://oauth2.googleapis.com/tokeninfo");
      break;
    case config::OauthProvider::azure:
      set(settings.jwt.issuer, "https://login.microsoftonline.com/" + settings.tenant + "/v2.0");
      break;
    case config::OauthProvider::okta:
      set(settings.jwt.issuer, "https://" + settings.tenant + "/oauth2/default");
      set(settings.username_claim, "sub");
      break;
  }
  set(settings.username_claim, "preferred_username");
  if (settings.jwt.audience.empty()) settings.jwt.audience.push_back(settings.client_id);
  return settings;
}

}  // namespace bulkhead::auth
