#include "workers/acceptor/session/http_exchange.h"

#include <algorithm>
#include <array>
#include <utility>

#include "egress/parent/hops.h"
#include "egress/parent/http_connect.h"
#include "runtime/both.h"
#include "workers/acceptor/outbound/opener.h"
#include "workers/acceptor/session/http_answer.h"
#include "workers/acceptor/session/tunnel.h"

namespace bulkhead::acceptor {

using proto::Refusal;
namespace http1 = wire::http1;

namespace {

// Shows the bytes of the exchange in the table of connections while it runs.
class LiveRecord {
 public:
  LiveRecord(ConnectionEntry& entry, const AccessRecord& record) : entry_(entry), record_(record) {
    entry_.live_up = &record_.bytes_received;
    entry_.live_down = &record_.bytes_sent;
  }
  ~LiveRecord() {
    entry_.up += record_.bytes_received;
    entry_.down += record_.bytes_sent;
    entry_.live_up = entry_.live_down = nullptr;
  }
  LiveRecord(const LiveRecord&) = delete;
  LiveRecord& operator=(const LiveRecord&) = delete;

 private:
  ConnectionEntry& entry_;
  const AccessRecord& record_;
};

// RFC 9110 section 9.2.2; only these may be sent again without being asked (RFC 9112
// section 9.3.1).
bool is_idempotent(std::string_view method) {
  static constexpr std::array methods{"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
  return std::find(methods.begin(), methods.end(), method) != methods.end();
}

// Plain requests go to the last parent on the way, with the credentials it wants.
const config::ParentProxy* last_parent(const config::Config& config,
                                       const config::Backend& backend) {
  return &*egress::hops_of(config, backend).back()->proxy;
}

// Those of a backend that was tried before must not go to this one.
bool set_credentials(http1::RequestHead& head, const config::ParentProxy* parent) {
  head.headers.remove("Proxy-Authorization");
  if (parent == nullptr || parent->username.empty()) return true;
  // Whoever answers TRACE sends back what it got: the client would read the parent's password.
  if (head.method == "TRACE") return false;
  const egress::ParentCredentials credentials{parent->username, parent->password.reveal()};
  return head.headers.set("Proxy-Authorization", egress::basic_authorization(credentials));
}

}  // namespace

HttpExchange::HttpExchange(Client& client, Route route, http1::RequestHead& head,
                           AccessRecord& record)
    : client_(client),
      route_(std::move(route)),
      head_(head),
      record_(record),
      traffic_(client, record_),
      config_(*route_.generation->config),
      client_keeps_alive_(head.keep_alive),
      upgrade_requested_(!head.upgrade.empty()),
      to_head_(head.method == "HEAD") {}

runtime::Task<bool> HttpExchange::run() {
  BackendChoice choice(client_.acceptor.balancer, route_.generation, *route_.rule,
                       client_.entry.client.address, client_.entry.user().get());
  std::optional<Upstream> upstream;
  bool may_reuse = config_.network.keepalive.enabled;
  while (true) {
    BackendChoice::TakePooled take;
    if (may_reuse) take = pooled();
    auto chosen = choice.next_now(take);
    if (!chosen) {
      auto waited = co_await choice.next(std::move(take));
      if (!waited) failure_ = waited.error();
      if (!waited) break;
      chosen.emplace(std::move(*waited));
    }
    note_backend(client_, route_, record_, *chosen->backend);
    if (chosen->backend->type == config::BackendType::echo) {
      const bool kept =
          co_await echo_request(client_, route_, head_, client_keeps_alive_, std::move(record_));
      co_return kept;
    }
    if (!prepare(*chosen->backend)) {
      failure_ = {Refusal::bad_request, "cannot be forwarded"};
      client_keeps_alive_ = false;
      break;
    }
    const bool reused = chosen->pooled.has_value();
    upstream = std::move(chosen->pooled);
    if (reused) choice.reused();
    if (!reused) {
      OpenReport report;
      failure_ = co_await connect(upstream, report);
      if (failure_ && choice.failed(*failure_, report)) continue;
      if (failure_) break;
      choice.succeeded(report);
      upstream->place = std::move(chosen->place);
    }
    begin_attempt();
    record_.upstream = upstream->remote;
    {
      const LiveRecord live(client_.entry, record_);
      // Without a body there is nothing to send while the response is read.
      if (head_.body.has_body()) {
        co_await exchange(*upstream->stream);
      } else {
        const runtime::IoResult sent = co_await runtime::write_all(
            *upstream->stream, request_text_, after(config_.network.timeouts.write));
        request_sent_ = sent.ok();
        co_await download(*upstream->stream);
      }
    }
    if (!failure_ || !reused || !may_send_again()) break;
    upstream.reset();
    may_reuse = false;
  }
  if (!upstream) {
    HttpRefusal refusal;
    refusal.failure = *failure_;
    refusal.keep_alive = client_keeps_alive_ && !head_.body.has_body();
    refusal.to_head = to_head_;
    const bool kept =
        co_await refuse_http(client_, route_.generation, std::move(refusal), std::move(record_));
    co_return kept;
  }
  const bool kept = co_await finish(std::move(*upstream));
  co_return kept;
}

// The head as this backend gets it; what is the same for all is done once.
bool HttpExchange::prepare(const config::Backend& backend) {
  if (!prepared_) {
    http1::RequestForwarding forwarding;
    forwarding.pseudonym = config_.server.via;
    forwarding.keep_alive = config_.network.keepalive.enabled;
    forwarding.forward_upgrade = upgrade_requested_;
    if (!http1::prepare_request(head_, forwarding)) return false;
    prepared_ = true;
  }
  find_way(backend);
  if (!set_credentials(head_, absolute_form_ ? last_parent(config_, backend) : nullptr))
    return false;
  request_text_.clear();
  http1::append_request_head(
      request_text_, head_,
      absolute_form_ ? http1::TargetForm::absolute : http1::TargetForm::origin);
  return true;
}

// Which connections it can use: those of this generation through the backend, to the same
// destination unless a parent takes requests for all of them.
void HttpExchange::find_way(const config::Backend& backend) {
  if (way_through_ == &backend) return;
  way_through_ = &backend;
  absolute_form_ = ends_at_http_parent(config_, backend);
  pool_key_.clear();
  pool_key_.reserve(64);
  pool_key_.append(std::to_string(route_.generation->number));
  pool_key_.append(" ").append(backend.name);
  if (!absolute_form_) pool_key_.append(" ").append(head_.authority.to_string());
}

BackendChoice::TakePooled HttpExchange::pooled() {
  return [this](const config::Backend& backend) {
    find_way(backend);
    return client_.acceptor.pool.take(pool_key_);
  };
}

runtime::Task<std::optional<Failure>> HttpExchange::connect(std::optional<Upstream>& upstream,
                                                            OpenReport& report) {
  OpenRequest ask{route_.generation, route_.backend, head_.authority, true, record_.id, {}};
  auto opened =
      co_await open_upstream(client_.acceptor.egress, client_.acceptor.backends, std::move(ask),
                             after(config_.network.timeouts.connect), report);
  if (!opened) co_return opened.error();
  record_.connect_time = opened->connect_time;
  upstream.emplace(std::move(*opened));
  co_return std::nullopt;
}

void HttpExchange::begin_attempt() {
  request_body_ = http1::BodyDecoder(head_.body);
  http1::ResponseContext context;
  context.to_head = to_head_;
  context.upgrade_requested = upgrade_requested_;
  response_ = http1::ResponseParser(context, route_.generation->http_limits);
  response_buffer_ = {};
  interim_responses_ = 0;
  failure_.reset();
  upstream_closed_ = false;
  request_sent_ = response_begun_ = client_told_ = response_done_ = client_broken_ = upgraded_ =
      false;
  upstream_reusable_ = downstream_keep_alive_ = false;
  last_upload_ = runtime::Loop::current().now();
}

// Only what the upstream cannot have acted upon without answering, and what we can still say again.
bool HttpExchange::may_send_again() const {
  return is_idempotent(head_.method) && !response_begun_ && !client_told_ && !client_broken_ &&
         request_body_.raw_octets() == 0 && failure_->reason == Refusal::connection_reset;
}

runtime::Task<void> HttpExchange::exchange(runtime::Stream& upstream) {
  runtime::CancelScope* parent = co_await runtime::current_scope();
  runtime::CancelScope up(parent), down(parent);
  upload_scope_ = &up;
  download_scope_ = &down;
  co_await runtime::both(upload(upstream).under(up), download(upstream).under(down));
  upload_scope_ = download_scope_ = nullptr;
}

// The first failure is the cause; what follows from it is not told.
void HttpExchange::fail(Refusal reason, std::string detail) {
  if (!failure_) failure_ = Failure{reason, std::move(detail)};
}

runtime::Task<bool> HttpExchange::finish(Upstream upstream) {
  if (upgraded_ && response_done_) {
    const bool kept = co_await become_tunnel(std::move(upstream));
    co_return kept;
  }
  if (failure_ && !client_told_) {
    HttpRefusal refusal{.failure = *failure_, .to_head = to_head_};
    refusal.keep_alive = client_keeps_alive_ && !client_broken_ && request_body_.done();
    const bool kept =
        co_await refuse_http(client_, route_.generation, std::move(refusal), std::move(record_));
    co_return kept;
  }
  if (failure_) {
    record_.refusal = failure_->reason;
    record_.detail = failure_->detail;
    if (client_broken_) record_.refusal.reset();
  }
  client_.acceptor.record(*route_.generation, record_);
  const config::Keepalive& keepalive = config_.network.keepalive;
  const bool clean = response_done_ && !failure_ && request_sent_;
  if (clean && upstream_reusable_ && keepalive.enabled && response_buffer_.empty() &&
      route_.generation == client_.acceptor.generation) {
    client_.acceptor.pool.put(pool_key_, std::move(upstream), keepalive.max_idle_conns,
                              keepalive.max_idle_time);
  }
  co_return clean&& downstream_keep_alive_ && !client_broken_;
}

runtime::Task<bool> HttpExchange::become_tunnel(Upstream upstream) {
  const std::string early = response_buffer_.take();
  const runtime::IoResult sent =
      co_await runtime::write_all(*client_.stream, early, after(config_.network.timeouts.write));
  record_.bytes_sent += sent.bytes;
  if (!sent.ok()) {
    record_lost_client(client_, *route_.generation, std::move(record_));
    co_return false;
  }
  begin_tunnel(client_, route_, std::move(upstream), std::move(record_));
  co_return false;
}

}  // namespace bulkhead::acceptor
