#include "egress/parent/http_connect.h"

#include <openssl/evp.h>

#include "platform/secret.h"
#include "wire/host_name.h"
#include "wire/http1/parse_error.h"
#include "wire/http1/response.h"

namespace bulkhead::egress {
namespace {

using proto::Refusal;
namespace http1 = wire::http1;
using Outcome = tl::expected<void, Failure>;

std::string build_connect(const std::string& authority, std::string_view via,
                          const ParentCredentials* credentials) {
  std::string head = "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n";
  if (!via.empty()) head.append("Via: ").append(via).append("\r\n");
  if (credentials != nullptr) {
    std::string authorization = basic_authorization(*credentials);
    head += "Proxy-Authorization: " + authorization + "\r\n";
    platform::wipe(authorization);
  }
  return head + "\r\n";
}

Outcome judge(const http1::ResponseHead& head) {
  if (head.status >= 200 && head.status < 300) return {};
  const std::string detail =
      "the parent answered " + std::to_string(head.status) + " " + head.reason;
  const bool credentials = head.status == 407;
  return failed(credentials ? Refusal::parent_authentication_failed : Refusal::parent_refused,
                detail);
}

runtime::Task<Outcome> read_answer(Handshake& handshake) {
  http1::ResponseContext context;
  context.to_connect = true;
  http1::ResponseParser parser(context);
  while (true) {
    const http1::ParseResult result = parser.parse(handshake.received());
    if (result.status == http1::ParseResult::Status::error) {
      co_return failed(Refusal::parent_protocol_error,
                       "the parent's answer: " + std::string(http1::name(result.error)));
    }
    if (result.status == http1::ParseResult::Status::need_more) {
      const Outcome more = co_await handshake.receive_more();
      if (!more) co_return more;
      continue;
    }
    handshake.use_up(result.consumed);
    if (!parser.head().is_interim()) co_return judge(parser.head());
    parser.reset();
  }
}

}  // namespace

std::string basic_authorization(const ParentCredentials& credentials) {
  std::string clear;
  clear.reserve(credentials.username.size() + 1 + credentials.password.size());
  clear.append(credentials.username).append(":").append(credentials.password);
  std::string encoded(4 * ((clear.size() + 2) / 3) + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                                     reinterpret_cast<const unsigned char*>(clear.data()),
                                     static_cast<int>(clear.size()));
  encoded.resize(static_cast<std::size_t>(length));
  platform::wipe(clear);
  std::string authorization = "Basic " + encoded;
  platform::wipe(encoded);
  return authorization;
}

runtime::Task<tl::expected<void, Failure>> connect_through_http(
    runtime::Stream& stream, wire::HostPort target, std::string_view via,
    const ParentCredentials* credentials, std::string& received, runtime::Deadline deadline,
    bool* asked) {
  const auto name = wire::to_ascii_name(target.host);
  if (!name || target.port == 0) co_return failed(Refusal::bad_request, "no target for CONNECT");
  target.host = *name;
  Handshake handshake(stream, received, deadline);
  std::string head = build_connect(target.to_string(), via, credentials);
  if (asked != nullptr) *asked = true;
  const Outcome sent = co_await handshake.send(head);
  platform::wipe(head);
  if (!sent) co_return sent;
  Outcome answer = co_await read_answer(handshake);
  co_return answer;
}

}  // namespace bulkhead::egress
