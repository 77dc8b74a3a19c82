#include "workers/acceptor/session/http_answer.h"

#include "wire/authorization/authorization.h"
#include "wire/http1/error_response.h"

namespace bulkhead::acceptor {
namespace {

std::string proxy_status(const Generation& generation, const Failure& failure) {
  const proto::RefusalTerms& terms = terms_of(failure.reason);
  std::string value = wire::http1::ProxyStatus{.proxy = generation.config->server.via}.to_string();
  value += "; error=";
  value += terms.proxy_status;
  value += "; details=\"";
  value += terms.name;
  return value + '"';
}

// RFC 9110 section 11.7.1. Chromium and curl take Basic; who has a token knows what Bearer means.
void add_challenge(wire::http1::ErrorResponse& answer, const config::Auth& auth) {
  answer.extra.add("Proxy-Authenticate", wire::authorization::basic_challenge(auth.realm));
  if (auth.uses(config::AuthMode::native) || auth.uses(config::AuthMode::oauth))
    answer.extra.add("Proxy-Authenticate",
                     wire::authorization::bearer_challenge(auth.realm, false));
}

runtime::Task<bool> send(Client& client, const Generation& generation, std::string text,
                         bool keep_alive, AccessRecord& record) {
  const auto deadline = runtime::Loop::current().after(generation.config->network.timeouts.write);
  const runtime::IoResult sent = co_await runtime::write_all(*client.stream, text, deadline);
  record.bytes_sent += sent.bytes;
  client.acceptor.record(generation, record);
  if (!keep_alive) client.stream->shutdown_write();
  co_return keep_alive&& sent.ok();
}

}  // namespace

runtime::Task<bool> refuse_http(Client& client, std::shared_ptr<const Generation> generation,
                                HttpRefusal refusal, AccessRecord record) {
  set_refusal(record, refusal.failure);
  if (refusal.status != 0) record.status = refusal.status;
  const std::string status = proxy_status(*generation, refusal.failure);
  wire::http1::ErrorResponse answer;
  answer.status = record.status;
  answer.text = terms_of(refusal.failure.reason).explanation;
  answer.proxy_status = status;
  answer.keep_alive = refusal.keep_alive;
  answer.to_head = refusal.to_head;
  if (record.status == 407) add_challenge(answer, generation->config->server.auth);
  if (refusal.failure.retry_after_s != 0)
    answer.extra.add("Retry-After", std::to_string(refusal.failure.retry_after_s));
  std::string text = answer.to_string();
  const bool kept = co_await send(client, *generation, std::move(text), refusal.keep_alive, record);
  co_return kept;
}

runtime::Task<bool> redirect_http(Client& client, const Route& route, bool keep_alive, bool to_head,
                                  AccessRecord record) {
  record.status = route.redirect->status;
  wire::http1::ErrorResponse answer;
  answer.status = route.redirect->status;
  answer.text = "A rule of this proxy sends this request elsewhere.";
  answer.keep_alive = keep_alive;
  answer.to_head = to_head;
  answer.extra.add("Location", route.redirect->url);
  std::string text = answer.to_string();
  const bool kept = co_await send(client, *route.generation, std::move(text), keep_alive, record);
  co_return kept;
}

}  // namespace bulkhead::acceptor
