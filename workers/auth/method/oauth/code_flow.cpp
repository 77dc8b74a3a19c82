#include "workers/auth/method/oauth/code_flow.h"

#include <array>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "workers/auth/method/oauth/base64url.h"
#include "workers/auth/method/oauth/opaque_token.h"
#include "workers/auth/method/verdict.h"

namespace bulkhead::auth {
namespace {

constexpr std::string_view method_name = "oauth";
constexpr std::size_t longest_code = 4096;

tl::unexpected<HttpError> failed(Reason reason, std::string detail) {
  return tl::unexpected(HttpError{reason, std::move(detail)});
}

// 43 characters; empty when there is no randomness to be had.
std::string random_text() {
  std::array<unsigned char, 32> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return {};
  return encode_base64url({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

// RFC 7636 section 4.2.
std::string challenge_of(std::string_view verifier) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  if (EVP_Digest(verifier.data(), verifier.size(), digest.data(), &length, EVP_sha256(), nullptr) !=
      1)
    return {};
  return encode_base64url({reinterpret_cast<const char*>(digest.data()), length});
}

std::string scopes_of(const config::OauthAuth& settings) {
  std::string scopes;
  for (const std::string& scope : settings.scopes) scopes += (scopes.empty() ? "" : " ") + scope;
  return scopes;
}

// What the ID token must hold beside what every token must.
bool belongs_to(const Json& claims, const CodeFlow::Attempt& attempt, const std::string& client) {
  if (text_of(claims, "nonce") != attempt.nonce) return false;
  return !claims.contains("azp") || text_of(claims, "azp") == client;
}

}  // namespace

tl::expected<CodeFlow::Attempt, HttpError> CodeFlow::begin(const std::string& redirect_url,
                                                           Deadline deadline) {
  const auto endpoints = provider_.endpoints(deadline);
  if (!endpoints) return tl::unexpected(endpoints.error());
  if (!is_permitted_url(endpoints->authorization) || !is_permitted_url(endpoints->token))
    return failed(Reason::misconfigured, "no authorization or token endpoint");
  Attempt attempt;
  std::string verifier = random_text();
  attempt.state = random_text();
  attempt.nonce = random_text();
  attempt.redirect_url = redirect_url;
  attempt.verifier = platform::Secret(verifier);
  const std::string challenge = challenge_of(verifier);
  platform::wipe(verifier);
  if (attempt.state.empty() || attempt.nonce.empty() || attempt.verifier.empty() ||
      challenge.empty())
    return failed(Reason::server_failed, "no randomness");
  attempt.url = endpoints->authorization;
  attempt.url += attempt.url.find('?') == std::string::npos ? '?' : '&';
  attempt.url += "response_type=code&code_challenge_method=S256&code_challenge=" + challenge;
  const std::pair<std::string_view, std::string> values[] = {{"client_id", settings_.client_id},
                                                             {"redirect_uri", redirect_url},
                                                             {"scope", scopes_of(settings_)},
                                                             {"state", attempt.state},
                                                             {"nonce", attempt.nonce}};
  for (const auto& [name, value] : values)
    attempt.url.append("&").append(name).append("=").append(encode_form_value(value));
  return attempt;
}

tl::expected<std::string, Reason> CodeFlow::exchange(const Attempt& attempt,
                                                     const std::string& code, Deadline deadline) {
  const auto endpoints = provider_.endpoints(deadline);
  if (!endpoints) return tl::unexpected(endpoints.error().reason);
  HttpRequest request;
  request.url = endpoints->token;
  Form form;
  form.add("grant_type", "authorization_code").add("code", code);
  form.add("redirect_uri", attempt.redirect_url);
  form.add("code_verifier", attempt.verifier.reveal());
  // A client without a secret says who it is in the form (RFC 6749 section 3.2.1).
  if (settings_.client_secret.empty())
    form.add("client_id", settings_.client_id);
  else
    request.authorization = client_authorization(settings_.client_id, settings_.client_secret);
  request.form = form.take();
  const auto response = client_.ask(request, deadline);
  if (!response) return tl::unexpected(response.error().reason);
  constexpr long ok = 200;
  constexpr long bad_request = 400;
  if (response->status == bad_request) return tl::unexpected(Reason::token_inactive);
  const auto answer = response->status == ok ? parse_object(response->body) : std::nullopt;
  auto token = answer ? text_of(*answer, "id_token") : std::nullopt;
  if (!token) return tl::unexpected(Reason::server_failed);
  return std::move(*token);
}

Verdict CodeFlow::finish(const Attempt& attempt, const std::string& code, Deadline deadline) {
  if (code.empty() || code.size() > longest_code)
    return refusal(method_name, Reason::malformed_credential);
  const auto token = exchange(attempt, code, deadline);
  if (!token) return refusal(method_name, token.error());
  ClaimRules rules = rules_of(settings_);
  rules.audiences = {settings_.client_id};
  const auto claims = verifier_.verify(*token, rules, deadline);
  if (!claims) return refusal(method_name, claims.error());
  if (!belongs_to(*claims, attempt, settings_.client_id))
    return refusal(method_name, Reason::token_claims);
  return admit(method_name, *claims, rules);
}

}  // namespace bulkhead::auth
