#include "workers/egress/health/http_check.h"

#include "egress/parent/handshake.h"
#include "egress/parent/http_connect.h"
#include "platform/secret.h"
#include "wire/http1/request.h"
#include "wire/http1/response.h"

namespace bulkhead::egress_worker {
namespace {

using egress::Failure;
using proto::Refusal;
namespace http1 = wire::http1;

// An origin's answer to a check is small; a head beyond that is not waited for.
constexpr std::size_t max_head = std::size_t{32} * 1024;

std::string request_text(const CheckUrl& url, const config::ParentProxy* parent) {
  const bool usual_port = url.authority.port == (url.secure ? 443 : 80);
  const std::string written = url.authority.to_string();
  const std::string host = usual_port ? written.substr(0, written.rfind(':')) : written;
  std::string text = "GET " + (parent != nullptr ? url.text : url.path_and_query) + " HTTP/1.1\r\n";
  text += "Host: " + host + "\r\nUser-Agent: bulkhead-health-check\r\nAccept: */*\r\n";
  if (parent != nullptr && !parent->username.empty()) {
    const egress::ParentCredentials credentials{parent->username, parent->password.reveal()};
    std::string authorization = egress::basic_authorization(credentials);
    text += "Proxy-Authorization: " + authorization + "\r\n";
    platform::wipe(authorization);
  }
  return text + "Connection: close\r\n\r\n";
}

}  // namespace

std::optional<CheckUrl> parse_check_url(std::string_view url) {
  url = url.substr(0, url.find('#'));
  http1::RequestHead head;
  head.method = "GET";
  head.target = url;
  if (parse_target(head) != http1::ParseError::none) return std::nullopt;
  if (head.form != http1::TargetForm::absolute || head.authority.port == 0) return std::nullopt;
  CheckUrl parsed;
  parsed.secure = head.scheme == http1::Scheme::https;
  parsed.authority = head.authority;
  parsed.path_and_query = head.path_and_query;
  parsed.text = url;
  return parsed;
}

runtime::Task<tl::expected<int, Failure>> ask_for_status(runtime::Stream& stream,
                                                         const CheckUrl& url,
                                                         const config::ParentProxy* parent,
                                                         runtime::Deadline deadline) {
  std::string received;
  const std::string_view peer = parent != nullptr ? "the parent" : "the origin";
  egress::Handshake exchange(stream, received, deadline, peer);
  std::string request = request_text(url, parent);
  const auto sent = co_await exchange.send(request);
  platform::wipe(request);
  if (!sent) co_return tl::unexpected(sent.error());
  http1::Limits limits;
  limits.max_head = max_head;
  http1::ResponseParser parser({}, limits);
  while (true) {
    const http1::ParseResult result = parser.parse(exchange.received());
    if (result.status == http1::ParseResult::Status::error) {
      co_return egress::failed(Refusal::upstream_protocol_error,
                               std::string(http1::name(result.error)));
    }
    if (result.status == http1::ParseResult::Status::need_more) {
      const auto more = co_await exchange.receive_more();
      if (!more) co_return tl::unexpected(more.error());
      continue;
    }
    exchange.use_up(result.consumed);
    if (!parser.head().is_interim()) co_return parser.head().status;
    parser.reset();
  }
}

}  // namespace bulkhead::egress_worker
