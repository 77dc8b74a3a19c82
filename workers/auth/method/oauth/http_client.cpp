#include "workers/auth/method/oauth/http_client.h"

#include <curl/curl.h>

#include "wire/address.h"
#include "workers/auth/method/remaining.h"

namespace bulkhead::auth {
namespace {

constexpr std::size_t kept_handles = 8;

// The part of a URL between :// and the path, without userinfo; empty if it is no such URL.
std::string_view host_and_port(std::string_view url, std::string_view scheme) {
  if (!url.starts_with(scheme)) return {};
  const std::string_view rest = url.substr(scheme.size());
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  return authority.find_first_of("@\\") == std::string_view::npos ? authority : std::string_view();
}

bool is_sane(std::string_view url) {
  constexpr std::size_t longest = 2048;
  return url.size() <= longest &&
         std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

// Appends to a body, until it is too long: then curl ends the transfer.
std::size_t collect(char* bytes, std::size_t, std::size_t count, void* body) {
  auto& text = *static_cast<std::string*>(body);
  if (count > max_response_bytes - text.size()) return 0;
  text.append(bytes, count);
  return count;
}

using Headers = std::unique_ptr<curl_slist, void (*)(curl_slist*)>;

void add_header(Headers& headers, const std::string& line) {
  headers = Headers(curl_slist_append(headers.release(), line.c_str()), curl_slist_free_all);
}

// curl has copies of what it was told and wipes none of them. This one at least.
void wipe_headers(Headers& headers) {
  for (curl_slist* each = headers.get(); each != nullptr; each = each->next)
    platform::wipe(std::span<char>(each->data, std::char_traits<char>::length(each->data)));
}

Reason reason_of(CURLcode code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return Reason::timed_out;
    case CURLE_SSL_CACERT_BADFILE:
      return Reason::misconfigured;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
      return Reason::server_unreachable;
    default:
      return Reason::server_failed;
  }
}

}  // namespace

bool is_https_url(std::string_view url) {
  return is_sane(url) && !host_and_port(url, "https://").empty();
}

bool is_permitted_url(std::string_view url) {
  if (is_https_url(url)) return true;
  const auto place = wire::HostPort::parse(host_and_port(url, "http://"), 80);
  const auto address = place ? place->literal() : std::nullopt;
  return is_sane(url) && address && address->is_loopback();
}

class HttpClient::Handle {
 public:
  Handle() : curl_(curl_easy_init(), curl_easy_cleanup) {}

  tl::expected<HttpResponse, HttpError> run(const HttpRequest& request, const std::string& ca_file,
                                            std::chrono::milliseconds limit) {
    if (!curl_) return tl::unexpected(HttpError{Reason::server_failed, "curl failed"});
    // Options are forgotten, connections are kept.
    curl_easy_reset(curl_.get());
    HttpResponse response;
    std::array<char, CURL_ERROR_SIZE> detail{};
    Headers headers(nullptr, curl_slist_free_all);
    set_limits(request.url, ca_file, limit);
    set_request(request, headers);
    set(CURLOPT_WRITEFUNCTION, &collect);
    set(CURLOPT_WRITEDATA, &response.body);
    set(CURLOPT_ERRORBUFFER, detail.data());
    const CURLcode code = curl_easy_perform(curl_.get());
    curl_easy_getinfo(curl_.get(), CURLINFO_RESPONSE_CODE, &response.status);
    set(CURLOPT_ERRORBUFFER, nullptr);
    wipe_headers(headers);
    if (code == CURLE_OK) return response;
    return tl::unexpected(
        HttpError{reason_of(code), detail[0] != 0 ? detail.data() : curl_easy_strerror(code)});
  }

 private:
  template <class Value>
  void set(CURLoption option, Value value) {
    curl_easy_setopt(curl_.get(), option, value);
  }

  void set_limits(const std::string& url, const std::string& ca_file,
                  std::chrono::milliseconds limit) {
    set(CURLOPT_URL, url.c_str());
#if LIBCURL_VERSION_NUM >= 0x075500
    set(CURLOPT_PROTOCOLS_STR, is_https_url(url) ? "https" : "http");
#else
    set(CURLOPT_PROTOCOLS, is_https_url(url) ? CURLPROTO_HTTPS : CURLPROTO_HTTP);
#endif
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_PROXY, "");
    set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    if (!ca_file.empty()) {
      set(CURLOPT_CAINFO, ca_file.c_str());
      set(CURLOPT_CAPATH, nullptr);
    }
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(limit.count()));
    set(CURLOPT_MAXFILESIZE, static_cast<long>(max_response_bytes));
    set(CURLOPT_MAXCONNECTS, 2L);
  }

  void set_request(const HttpRequest& request, Headers& headers) {
    add_header(headers, "Accept: application/json");
    add_header(headers, "User-Agent: bulkhead");
    if (!request.authorization.empty()) {
      std::string line = "Authorization: " + std::string(request.authorization.reveal());
      add_header(headers, line);
      platform::wipe(line);
    }
    if (!request.form.empty()) {
      add_header(headers, "Expect:");
      set(CURLOPT_POST, 1L);
      set(CURLOPT_POSTFIELDSIZE, static_cast<long>(request.form.size()));
      const char* const form = request.form.reveal().data();
      set(CURLOPT_POSTFIELDS, form);  // not copied: the caller's
    }
    set(CURLOPT_HTTPHEADER, headers.get());
  }

  std::unique_ptr<CURL, void (*)(CURL*)> curl_;
};

HttpClient::HttpClient(std::string ca_file, std::chrono::milliseconds timeout)
    : ca_file_(std::move(ca_file)), timeout_(timeout) {}

HttpClient::~HttpClient() = default;

std::unique_ptr<HttpClient::Handle> HttpClient::take() {
  const std::lock_guard lock(mutex_);
  if (kept_.empty()) return std::make_unique<Handle>();
  auto handle = std::move(kept_.back());
  kept_.pop_back();
  return handle;
}

void HttpClient::give_back(std::unique_ptr<Handle> handle) {
  const std::lock_guard lock(mutex_);
  if (kept_.size() < kept_handles) kept_.push_back(std::move(handle));
}

tl::expected<HttpResponse, HttpError> HttpClient::ask(const HttpRequest& request,
                                                      Deadline deadline) {
  if (!is_permitted_url(request.url))
    return tl::unexpected(HttpError{Reason::misconfigured, "not an https:// URL"});
  const auto limit = remaining(within(deadline, timeout_));
  // To curl a limit of 0 is none.
  if (limit.count() == 0) return tl::unexpected(HttpError{Reason::timed_out, "no time left"});
  auto handle = take();
  auto response = handle->run(request, ca_file_, limit);
  give_back(std::move(handle));
  return response;
}

std::string encode_form_value(std::string_view value) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : value) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    const auto octet = static_cast<unsigned char>(c);
    if (plain)
      out += c;
    else
      out.append({'%', digits[octet >> 4U], digits[octet & 15U]});
  }
  return out;
}

Form& Form::add(std::string_view name, std::string_view value) {
  std::string encoded = encode_form_value(value);
  std::string grown;
  grown.reserve(text_.size() + name.size() + encoded.size() + 2);
  grown.append(text_).append(text_.empty() ? "" : "&").append(name).append("=").append(encoded);
  text_.swap(grown);
  platform::wipe(grown);
  platform::wipe(encoded);
  return *this;
}

platform::Secret Form::take() {
  platform::Secret out(text_);
  platform::wipe(text_);
  return out;
}

Form::~Form() {
  platform::wipe(text_);
}

}  // namespace bulkhead::auth
