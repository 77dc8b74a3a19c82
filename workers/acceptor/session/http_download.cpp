// The response's way down: interim ones, the head as the client gets it, and the body framed anew.
#include "wire/http1/date.h"
#include "workers/acceptor/session/http_exchange.h"

namespace bulkhead::acceptor {

using proto::Refusal;
namespace http1 = wire::http1;

namespace {

// An origin may tell a client to wait, not for ever.
constexpr int max_interim_responses = 32;

}  // namespace

runtime::Task<void> HttpExchange::download(runtime::Stream& upstream) {
  const bool got_head = co_await read_response_head(upstream);
  if (got_head) {
    http1::BodyFraming framing;
    std::string out = response_head_text(framing);
    if (upgraded_) {
      const bool told = co_await write_to_client(std::move(out));
      response_done_ = told;
    } else if (!failure_) {
      co_await download_body(upstream, std::move(out), framing);
    }
  }
  // An answer that came before the whole request was sent, or none at all: nobody wants the rest.
  if (upload_scope_ != nullptr) upload_scope_->cancel();
}

// Reads until there is a final response's head, passing interim ones on.
runtime::Task<bool> HttpExchange::read_response_head(runtime::Stream& upstream) {
  while (true) {
    if (response_buffer_.empty()) {
      const bool more = co_await read_response(upstream);
      if (!more) co_return false;
    }
    const http1::ParseResult result = response_.parse(response_buffer_.view());
    if (result.status == http1::ParseResult::Status::error) {
      fail(Refusal::upstream_protocol_error, std::string(http1::name(result.error)));
      co_return false;
    }
    if (result.status == http1::ParseResult::Status::need_more) {
      const bool more = co_await read_response(upstream);
      if (!more) co_return false;
      continue;
    }
    response_buffer_.consume(result.consumed);
    if (!response_.head().is_interim()) co_return true;
    if (++interim_responses_ > max_interim_responses) {
      fail(Refusal::upstream_protocol_error, "too many interim responses");
      co_return false;
    }
    if (head_.version == http1::Version::http_1_1) {
      http1::ResponseForwarding forwarding;
      forwarding.pseudonym = config_.server.via;
      if (!http1::prepare_response(response_.head(), forwarding).ok) {
        fail(Refusal::upstream_protocol_error, "an interim response cannot be forwarded");
        co_return false;
      }
      std::string interim;
      http1::append_response_head(interim, response_.head());
      const bool told = co_await write_to_client(std::move(interim));
      if (!told) co_return false;
      client_told_ = false;  // a refusal can still follow an interim response
    }
    response_.reset();
  }
}

// More of the response. Silence counts from the last octet of the request that went out.
runtime::Task<bool> HttpExchange::read_response(runtime::Stream& upstream) {
  co_await download_turn_.pass();
  if (traffic_.down().allowance() == 0) {
    const bool allowed = co_await await_allowance(traffic_.down());
    if (!allowed) {
      fail(Refusal::shutting_down, "cancelled");
      co_return false;
    }
  }
  const runtime::Duration patience =
      response_begun_ ? config_.network.timeouts.idle : config_.network.timeouts.read;
  while (true) {
    // A request that went out whole has had no time to be answered yet.
    const Expect expect =
        request_sent_ && !response_begun_ ? Expect::nothing_yet : Expect::anything;
    const runtime::IoResult got =
        co_await read_more(upstream, response_buffer_, after(patience), expect);
    if (got.ok()) {
      traffic_.down().took(got.bytes);
      response_begun_ = true;
      co_return true;
    }
    const bool uploading =
        upload_scope_ != nullptr && last_upload_ + patience > runtime::Clock::now();
    if (got.status == runtime::IoStatus::timed_out && uploading) continue;
    if (got.status == runtime::IoStatus::timed_out) fail(Refusal::upstream_timeout, {});
    if (got.status == runtime::IoStatus::cancelled) fail(Refusal::shutting_down, "cancelled");
    upstream_closed_ = got.status == runtime::IoStatus::eof && !failure_;
    if (upstream_closed_) fail(Refusal::connection_reset, "closed before the response was whole");
    if (got.status == runtime::IoStatus::failed) fail(Refusal::connection_reset, "reset");
    co_return false;
  }
}

// Prepares the response for the client and notes what it says about the two connections.
std::string HttpExchange::response_head_text(http1::BodyFraming& framing) {
  http1::ResponseHead& response = response_.head();
  // The parent asks this proxy for credentials, not the client.
  if (absolute_form_ && response.status == 407) {
    fail(Refusal::parent_authentication_failed, "407");
    return {};
  }
  record_.status = response.status;
  record_.first_byte = std::chrono::ceil<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - record_.began);
  upgraded_ = response.status == 101;
  upstream_reusable_ = response.keep_alive && !upgraded_;
  http1::ResponseForwarding forwarding;
  forwarding.pseudonym = config_.server.via;
  forwarding.date = http1::current_date();
  forwarding.client_version = head_.version;
  forwarding.keep_alive =
      client_keeps_alive_ && request_sent_ && !client_.acceptor.connections.draining();
  const http1::Downstream downstream = http1::prepare_response(response, forwarding);
  if (!downstream.ok) fail(Refusal::upstream_protocol_error, "the response cannot be forwarded");
  framing = downstream.body;
  downstream_keep_alive_ = downstream.keep_alive;
  std::string out;
  // Often the whole body has come with the head: they go on together.
  constexpr std::size_t around_head = 512;
  out.reserve(around_head + response_buffer_.view().size());
  http1::append_response_head(out, response);
  return out;
}

runtime::Task<void> HttpExchange::download_body(runtime::Stream& upstream, std::string out,
                                                http1::BodyFraming framing) {
  http1::BodyDecoder body(response_.head().body);
  const bool chunked = framing.kind == http1::BodyFraming::Kind::chunked;
  while (true) {
    while (!body.done() && !response_buffer_.empty()) {
      const http1::BodyStep step = body.feed(response_buffer_.view());
      if (step.error != http1::ParseError::none)
        co_return fail(Refusal::upstream_protocol_error, std::string(http1::name(step.error)));
      if (chunked) {
        http1::append_chunk(out, step.payload);
      } else {
        out += step.payload;
      }
      response_buffer_.consume(step.consumed);
    }
    if (body.done() && chunked) http1::append_last_chunk(out, body.trailers());
    if (!out.empty()) {
      const bool told = co_await write_to_client(std::move(out));
      out.clear();
      if (!told) co_return;
    }
    if (body.done()) break;
    const bool more = co_await read_response(upstream);
    if (more) continue;
    // For a body that lasts until the upstream closes, its end is the end.
    if (upstream_closed_ && body.end_of_input()) {
      failure_.reset();
      if (!chunked) break;
      http1::append_last_chunk(out);
      const bool told = co_await write_to_client(std::move(out));
      out.clear();
      if (!told) co_return;
      break;
    }
    co_return;
  }
  response_done_ = true;
}

runtime::Task<bool> HttpExchange::write_to_client(std::string bytes) {
  client_told_ = true;
  const runtime::IoResult sent =
      co_await runtime::write_all(*client_.stream, bytes, after(config_.network.timeouts.write));
  record_.bytes_sent += sent.bytes;
  traffic_.down().passed(sent.bytes);
  if (sent.ok()) co_return true;
  client_broken_ = true;
  fail(Refusal::internal_error, "the client went away");
  co_return false;
}

}  // namespace bulkhead::acceptor
