// Requests to an identity provider: HTTPS, small answers, no surprises.
//
// Redirects are not followed, proxies and .netrc of the environment are not used, nothing is
// decompressed, TLS is 1.2 or newer and always checked. http:// is for addresses of this machine.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "platform/secret.h"
#include "workers/auth/method/method.h"

namespace bulkhead::auth {

inline constexpr std::size_t max_response_bytes = std::size_t{512} * 1024;

struct HttpRequest {
  std::string url;
  // Sent as Authorization, "Bearer …" or "Basic …"; empty: none.
  platform::Secret authorization;
  // A form (application/x-www-form-urlencoded): then it is a POST; empty: a GET.
  platform::Secret form;
};

struct HttpResponse {
  long status = 0;
  std::string body;
};

struct HttpError {
  Reason reason = Reason::server_unreachable;
  std::string detail;  // for the operator
};

// Whether such a URL may be asked at all: https://, or http:// and an address of this machine.
bool is_permitted_url(std::string_view url);
bool is_https_url(std::string_view url);

// Thread-safe; keeps a few connections.
class HttpClient {
 public:
  // ca_file: PEM; empty: the system's. timeout: of one request.
  HttpClient(std::string ca_file, std::chrono::milliseconds timeout);
  ~HttpClient();

  // An answer of any status is an answer.
  tl::expected<HttpResponse, HttpError> ask(const HttpRequest& request, Deadline deadline);

 private:
  class Handle;
  std::unique_ptr<Handle> take();
  void give_back(std::unique_ptr<Handle> handle);

  const std::string ca_file_;
  const std::chrono::milliseconds timeout_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Handle>> kept_;
};

// One "name=value" after another, percent-encoded (WHATWG form encoding, as RFC 6749 wants it).
class Form {
 public:
  Form& add(std::string_view name, std::string_view value);
  platform::Secret take();
  ~Form();

 private:
  std::string text_;
};
std::string encode_form_value(std::string_view value);

}  // namespace bulkhead::auth
