#include "workers/auth/method/oauth/opaque_token.h"

#include <algorithm>

#include "workers/auth/method/oauth/base64url.h"

namespace bulkhead::auth {
namespace {

constexpr long ok = 200;
constexpr long bad_request = 400;
constexpr long unauthorized = 401;
constexpr long forbidden = 403;

tl::unexpected<HttpError> failed(Reason reason, std::string detail = {}) {
  return tl::unexpected(HttpError{reason, std::move(detail)});
}

bool is_for_us(const Json& claims, const std::vector<std::string>& audiences) {
  const auto named = texts_of(claims["aud"]);
  return std::any_of(named.begin(), named.end(), [&](const std::string& each) {
    return std::find(audiences.begin(), audiences.end(), each) != audiences.end();
  });
}

// What the answer says about the token's time, if it says something.
bool is_over(const Json& claims, const ClaimRules& rules) {
  if (!claims.contains("exp")) return false;
  // tokeninfo writes numbers as text.
  const auto expires = date_of(claims, "exp");
  if (!expires) return !claims["exp"].is_string();
  return std::chrono::system_clock::now() >=
         WallTime(std::chrono::duration_cast<WallTime::duration>(std::chrono::seconds(*expires))) +
             rules.leeway;
}

}  // namespace

platform::Secret client_authorization(const std::string& client_id,
                                      const platform::Secret& client_secret) {
  std::string secret = encode_form_value(client_secret.reveal());
  std::string pair;
  pair.reserve(3 * client_id.size() + 1 + secret.size());
  pair.append(encode_form_value(client_id)).append(":").append(secret);
  std::string encoded = encode_base64(pair);
  std::string header = "Basic " + encoded;
  platform::Secret out(header);
  for (std::string* each : {&secret, &pair, &encoded, &header}) platform::wipe(*each);
  return out;
}

tl::expected<Json, HttpError> OpaqueTokens::answer_of(const HttpRequest& request,
                                                      Deadline deadline) {
  const auto response = client_.ask(request, deadline);
  if (!response) {
    trouble_.report(response.error().detail);
    return tl::unexpected(response.error());
  }
  if (response->status != ok)
    return failed(Reason::server_failed, std::to_string(response->status));
  auto answer = parse_object(response->body);
  if (!answer) {
    trouble_.report("the answer is no JSON object");
    return failed(Reason::server_failed, "no JSON object");
  }
  trouble_.over();
  return std::move(*answer);
}

tl::expected<Json, HttpError> OpaqueTokens::introspect(const platform::Secret& token,
                                                       const ClaimRules& rules, Deadline deadline) {
  const auto endpoints = provider_.endpoints(deadline);
  if (!endpoints) return tl::unexpected(endpoints.error());
  if (endpoints->introspection.empty())
    return failed(Reason::misconfigured, "no introspection endpoint");
  const bool google = settings_.provider == config::OauthProvider::google;
  HttpRequest request;
  request.url = endpoints->introspection;
  Form form;
  form.add(google ? "access_token" : "token", token.reveal());
  request.form = form.take();
  if (!google)
    request.authorization = client_authorization(settings_.client_id, settings_.client_secret);
  auto answer = answer_of(request, deadline);
  if (!answer) {
    const std::string& status = answer.error().detail;
    if (google && status == std::to_string(bad_request)) return failed(Reason::token_inactive);
    if (status == std::to_string(unauthorized) || status == std::to_string(forbidden)) {
      trouble_.report("the provider refuses the proxy's own login");
      return failed(Reason::misconfigured);
    }
    return answer;
  }
  if (!google && truth_of(*answer, "active") != true) return failed(Reason::token_inactive);
  // An answer need not name an audience; Google's does.
  if ((google || answer->contains("aud")) && !is_for_us(*answer, rules.audiences))
    return failed(Reason::token_audience);
  if (is_over(*answer, rules)) return failed(Reason::token_expired);
  return answer;
}

tl::expected<Json, HttpError> OpaqueTokens::userinfo(const platform::Secret& token,
                                                     Deadline deadline) {
  const auto endpoints = provider_.endpoints(deadline);
  if (!endpoints) return tl::unexpected(endpoints.error());
  if (endpoints->userinfo.empty()) return failed(Reason::misconfigured, "no userinfo endpoint");
  HttpRequest request;
  request.url = endpoints->userinfo;
  std::string header = "Bearer " + std::string(token.reveal());
  request.authorization = platform::Secret(header);
  platform::wipe(header);
  auto answer = answer_of(request, deadline);
  if (answer) return answer;
  for (const long status : {bad_request, unauthorized, forbidden})
    if (answer.error().detail == std::to_string(status)) return failed(Reason::token_inactive);
  return answer;
}

tl::expected<Json, HttpError> OpaqueTokens::ask(const platform::Secret& token,
                                                const ClaimRules& rules, Deadline deadline) {
  if (settings_.opaque_tokens_in_force() == config::OpaqueTokens::introspection)
    return introspect(token, rules, deadline);
  return userinfo(token, deadline);
}

}  // namespace bulkhead::auth
