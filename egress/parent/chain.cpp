#include "egress/parent/chain.h"

#include <optional>
#include <utility>

#include "egress/parent/http_connect.h"
#include "egress/parent/prefixed_stream.h"
#include "egress/parent/socks5_connect.h"

namespace bulkhead::egress {
namespace {

using proto::Refusal;
using Stream = runtime::Stream;
using Outcome = tl::expected<void, Failure>;

Failure named(const config::Backend& hop, const Failure& failure) {
  return {failure.reason, hop.name + ": " + failure.detail};
}

runtime::Task<StreamOutcome> secure(const config::Backend& hop, std::unique_ptr<Stream> stream,
                                    const TlsContexts& contexts, runtime::Deadline deadline) {
  const config::ParentTls& tls = hop.proxy->tls;
  if (!tls.enabled) co_return stream;
  const auto context = contexts.find(hop.name);
  if (context == contexts.end() || !context->second) {
    co_return failed(Refusal::tls_failed, "no certificates to trust");
  }
  runtime::TlsClientSettings settings;
  settings.server_name = tls.server_name.empty() ? hop.proxy->address.host : tls.server_name;
  settings.skip_verification = tls.skip_verify;
  StreamOutcome secured =
      co_await start_tls(std::move(stream), context->second, std::move(settings), deadline);
  co_return secured;
}

runtime::Task<StreamOutcome> tunnel(const config::Backend& hop, std::unique_ptr<Stream> stream,
                                    wire::HostPort target, std::string_view via,
                                    runtime::Deadline deadline, bool* asked) {
  const config::ParentProxy& proxy = *hop.proxy;
  const ParentCredentials credentials{proxy.username, proxy.password.reveal()};
  const ParentCredentials* given = proxy.username.empty() ? nullptr : &credentials;
  std::string received;
  runtime::Task<Outcome> handshake =
      hop.type == config::BackendType::http
          ? connect_through_http(*stream, std::move(target), via, given, received, deadline, asked)
          : connect_through_socks5(*stream, std::move(target), given, received, deadline, asked);
  Outcome outcome = co_await std::move(handshake);
  if (!outcome) co_return tl::unexpected(std::move(outcome.error()));
  co_return with_prefix(std::move(stream), std::move(received));
}

bool is_parent(const config::Backend& hop) {
  const bool type =
      hop.type == config::BackendType::http || hop.type == config::BackendType::socks5;
  return type && hop.proxy.has_value();
}

}  // namespace

runtime::Task<StreamOutcome> start_tls(std::unique_ptr<runtime::Stream> stream,
                                       runtime::SslContext context,
                                       runtime::TlsClientSettings settings,
                                       runtime::Deadline deadline) {
  auto tls = std::make_unique<runtime::TlsStream>(std::move(stream), context.get(), settings);
  const runtime::IoResult result = co_await tls->handshake(deadline);
  switch (result.status) {
    case runtime::IoStatus::ok:
      co_return std::unique_ptr<Stream>(std::move(tls));
    case runtime::IoStatus::cancelled:
      co_return cancelled();
    case runtime::IoStatus::timed_out:
      co_return failed(Refusal::connect_timeout, "TLS: the parent did not answer in time");
    case runtime::IoStatus::eof:
      co_return failed(Refusal::tls_failed, "TLS: the parent hung up");
    default:
      co_return failed(Refusal::tls_failed, "TLS: " + tls->error());
  }
}

runtime::Task<StreamOutcome> open_through(const std::vector<const config::Backend*>& hops,
                                          std::unique_ptr<runtime::Stream> first,
                                          wire::HostPort target, bool connect_last,
                                          const TlsContexts& contexts, std::string_view via,
                                          runtime::Deadline deadline, ChainProgress* progress) {
  std::unique_ptr<Stream> stream = std::move(first);
  for (std::size_t i = 0; i < hops.size(); ++i) {
    const config::Backend& hop = *hops[i];
    if (!is_parent(hop)) co_return failed(Refusal::backend_unsuitable, hop.name + " is no parent");
    StreamOutcome secured = co_await secure(hop, std::move(stream), contexts, deadline);
    if (!secured) co_return tl::unexpected(named(hop, secured.error()));
    stream = std::move(*secured);
    const bool last = i + 1 == hops.size();
    if (last && progress != nullptr) progress->reached = runtime::Clock::now();
    if (last && !connect_last) break;
    wire::HostPort next = last ? target : hops[i + 1]->proxy->address;
    bool* asked = last && progress != nullptr ? &progress->asked : nullptr;
    StreamOutcome through =
        co_await tunnel(hop, std::move(stream), std::move(next), via, deadline, asked);
    if (!through) co_return tl::unexpected(named(hop, through.error()));
    stream = std::move(*through);
  }
  co_return stream;
}

}  // namespace bulkhead::egress
