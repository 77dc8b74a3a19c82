#include "workers/auth/method/oauth/provider.h"

#include "workers/auth/method/oauth/json.h"

namespace bulkhead::auth {
namespace {

using namespace std::chrono_literals;

constexpr auto between_fetches = 10s;
constexpr auto documents_ttl = 24h;

tl::unexpected<HttpError> failed(Reason reason, std::string detail) {
  return tl::unexpected(HttpError{reason, std::move(detail)});
}

// RFC 8414 and OpenID Connect Discovery 1.0 section 4.1 differ; this is OpenID's.
std::string discovery_url(std::string issuer) {
  while (issuer.ends_with('/')) issuer.pop_back();
  return issuer + "/.well-known/openid-configuration";
}

// https:// always; http:// only where the issuer itself is on this machine, so that a document
// cannot lead out of the encryption it came by.
std::string safe_url(const Json& document, std::string_view name, const std::string& issuer) {
  const std::string url = text_of(document, name).value_or("");
  const bool good = is_https_url(issuer) ? is_https_url(url) : is_permitted_url(url);
  return good ? url : std::string();
}

// Azure's document names the directory by its id, whichever of its names was asked.
bool is_issuer(const config::OauthAuth& settings, const std::string& named) {
  if (named == settings.jwt.issuer) return true;
  constexpr std::string_view start = "https://login.microsoftonline.com/";
  constexpr std::string_view end = "/v2.0";
  const std::string_view text = named;
  if (settings.provider != config::OauthProvider::azure || !text.starts_with(start) ||
      !text.ends_with(end) || !settings.jwt.issuer.starts_with(start))
    return false;
  const std::string_view id = text.substr(start.size(), text.size() - start.size() - end.size());
  constexpr std::size_t uuid_length = 36;
  return id.size() == uuid_length &&
         id.find_first_not_of("0123456789abcdef-") == std::string_view::npos;
}

void prefer(std::string& endpoint, const std::string& written) {
  if (!written.empty()) endpoint = written;
}

}  // namespace

Provider::Provider(const config::OauthAuth& settings, HttpClient& client)
    : settings_(settings), client_(client), trouble_("oauth", settings.jwt.issuer) {}

tl::expected<std::string, HttpError> Provider::get(const std::string& url, Deadline deadline) {
  HttpRequest request;
  request.url = url;
  auto response = client_.ask(request, deadline);
  constexpr long ok = 200;
  if (response && response->status != ok)
    response = failed(Reason::server_failed, "status " + std::to_string(response->status));
  if (response) return std::move(response->body);
  trouble_.report(url + ": " + response.error().detail);
  return tl::unexpected(response.error());
}

tl::expected<Endpoints, HttpError> Provider::discover(Deadline deadline) {
  const auto body = get(discovery_url(settings_.jwt.issuer), deadline);
  if (!body) return tl::unexpected(body.error());
  const auto document = parse_object(*body);
  const std::string named = document ? text_of(*document, "issuer").value_or("") : std::string();
  if (!is_issuer(settings_, named)) {
    trouble_.report("the discovery document is not this issuer's");
    return failed(Reason::misconfigured, "not this issuer's document");
  }
  trouble_.over();
  Endpoints found;
  found.issuer = named;
  found.jwks = safe_url(*document, "jwks_uri", named);
  found.authorization = safe_url(*document, "authorization_endpoint", named);
  found.token = safe_url(*document, "token_endpoint", named);
  found.userinfo = safe_url(*document, "userinfo_endpoint", named);
  found.introspection = safe_url(*document, "introspection_endpoint", named);
  return found;
}

tl::expected<Endpoints, HttpError> Provider::endpoints(Deadline deadline) {
  const auto now = std::chrono::steady_clock::now();
  Endpoints known;
  {
    const std::lock_guard lock(mutex_);
    known = endpoints_;
    if (now - discovered_ > documents_ttl) known.issuer.clear();
  }
  if (known.issuer.empty() && !settings_.jwt.issuer.empty()) {
    auto found = discover(deadline);
    const std::lock_guard lock(mutex_);
    if (found) {
      endpoints_ = *found;
      discovered_ = now;
    } else if (endpoints_.issuer.empty()) {
      return found;
    }
    known = endpoints_;
  }
  prefer(known.jwks, settings_.jwt.jwks_url);
  prefer(known.authorization, settings_.auth_url);
  prefer(known.token, settings_.token_url);
  prefer(known.userinfo, settings_.userinfo_url);
  prefer(known.introspection, settings_.introspection_url);
  return known;
}

bool Provider::fresh(Time now, int lifetimes) const {
  return keys_ && now - keys_fetched_ < settings_.jwt.keys_ttl * lifetimes;
}

tl::expected<Keys, HttpError> Provider::fetch_keys(Deadline deadline) {
  std::string url = settings_.jwt.jwks_url;
  if (url.empty()) {
    const auto found = endpoints(deadline);
    if (!found) return tl::unexpected(found.error());
    url = found->jwks;
  }
  if (url.empty()) return failed(Reason::misconfigured, "the issuer names no jwks_uri");
  const auto body = get(url, deadline);
  if (!body) return tl::unexpected(body.error());
  auto keys = std::make_shared<const std::vector<Key>>(parse_keys(*body));
  if (keys->empty()) {
    trouble_.report(url + ": no usable key in it");
    return failed(Reason::server_failed, "no usable key");
  }
  trouble_.over();
  return keys;
}

// Fetches, unless another thread is at it: then its result is taken.
tl::expected<Keys, HttpError> Provider::fetch_keys_once(Deadline deadline) {
  std::unique_lock lock(mutex_);
  if (fetching_) {
    const bool done = fetched_.wait_until(lock, deadline, [this] { return !fetching_; });
    if (!done) return failed(Reason::timed_out, "no time left");
    if (fresh(std::chrono::steady_clock::now(), 1)) return keys_;
    return failed(Reason::server_unreachable, "just tried in vain");
  }
  fetching_ = true;
  lock.unlock();
  auto fetched = fetch_keys(deadline);
  lock.lock();
  fetching_ = false;
  keys_tried_ = std::chrono::steady_clock::now();
  if (fetched) {
    keys_ = *fetched;
    keys_fetched_ = keys_tried_;
  }
  fetched_.notify_all();
  return fetched;
}

tl::expected<Keys, HttpError> Provider::keys(Deadline deadline) {
  const auto now = std::chrono::steady_clock::now();
  {
    const std::lock_guard lock(mutex_);
    // Old keys that could not be renewed a moment ago are not tried again at each login.
    const bool tried = now - keys_tried_ < between_fetches;
    if (fresh(now, 1) || (tried && fresh(now, 2))) return keys_;
  }
  auto fetched = fetch_keys_once(deadline);
  if (fetched) return fetched;
  const std::lock_guard lock(mutex_);
  if (fresh(now, 2)) return keys_;
  return fetched;
}

tl::expected<Keys, HttpError> Provider::newer_keys(const Keys& known, Deadline deadline) {
  {
    const std::lock_guard lock(mutex_);
    if (keys_ != known) return keys_;
    if (std::chrono::steady_clock::now() - keys_tried_ < between_fetches) return keys_;
  }
  return fetch_keys_once(deadline);
}

}  // namespace bulkhead::auth
