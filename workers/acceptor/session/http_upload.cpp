// The request's way up: its head, and its body as fast as client, upstream and limits allow.
#include <algorithm>

#include "workers/acceptor/session/http_exchange.h"

namespace bulkhead::acceptor {

using proto::Refusal;
namespace http1 = wire::http1;

namespace {

// That each octet of a body comes in time is not enough: once the idle time is over, it must have
// come at this rate.
constexpr std::uint64_t slowest_body = 512;  // octets a second

}  // namespace

// A write that fails is not yet a failure: the upstream may have answered before it closed. The
// download tells.
runtime::Task<void> HttpExchange::upload(runtime::Stream& upstream) {
  const runtime::IoResult sent =
      co_await runtime::write_all(upstream, request_text_, after(config_.network.timeouts.write));
  if (!sent.ok()) co_return;
  // What the decoder has seen is not what the upstream has got: only a body written to its end
  // leaves the connection where the next request may begin.
  const bool whole = co_await upload_body(upstream);
  request_sent_ = whole;
  last_upload_ = runtime::Clock::now();
}

runtime::Task<bool> HttpExchange::upload_body(runtime::Stream& upstream) {
  const bool chunked = head_.body.kind == http1::BodyFraming::Kind::chunked;
  body_since_ = runtime::Clock::now();
  while (!request_body_.done()) {
    if (client_.buffer.empty()) {
      const bool more = co_await read_request_body();
      if (!more) co_return false;
    }
    const http1::BodyStep step = request_body_.feed(client_.buffer.view());
    if (step.error != http1::ParseError::none) {
      client_broken_ = true;
      fail(Refusal::bad_request, std::string(http1::name(step.error)));
      if (download_scope_ != nullptr) download_scope_->cancel();
      co_return false;
    }
    std::string out;
    if (chunked) {
      http1::append_chunk(out, step.payload);
      if (step.done) http1::append_last_chunk(out, request_body_.trailers());
    } else {
      out = step.payload;
    }
    client_.buffer.consume(step.consumed);
    record_.bytes_received += step.consumed;
    traffic_.up().passed(step.consumed);
    const runtime::IoResult sent =
        co_await runtime::write_all(upstream, out, after(config_.network.timeouts.write));
    if (!sent.ok()) co_return false;
    last_upload_ = runtime::Clock::now();
  }
  co_return true;
}

runtime::Deadline HttpExchange::body_deadline() const {
  const runtime::Duration idle = config_.network.timeouts.idle;
  const std::uint64_t milliseconds = request_body_.raw_octets() * 1000 / slowest_body;
  const runtime::Duration earned(static_cast<runtime::Duration::rep>(milliseconds));
  return std::min(after(idle), body_since_ + idle + earned);
}

// More of the request's body. A client that stops in the middle of it has spoilt the request.
runtime::Task<bool> HttpExchange::read_request_body() {
  co_await upload_turn_.pass();
  if (traffic_.up().allowance() == 0) {
    const runtime::Deadline held_back_since = runtime::Clock::now();
    const bool allowed = co_await await_allowance(traffic_.up());
    if (!allowed) co_return false;
    const runtime::Deadline now = runtime::Clock::now();
    body_since_ += now - held_back_since;
    last_upload_ = now;
  }
  const runtime::IoResult got =
      co_await read_more(*client_.stream, client_.buffer, body_deadline());
  traffic_.up().took(got.bytes);
  if (got.ok()) co_return true;
  client_broken_ = true;
  if (got.status == runtime::IoStatus::cancelled) co_return false;
  const bool late = got.status == runtime::IoStatus::timed_out;
  fail(late ? Refusal::header_timeout : Refusal::bad_request,
       "the request's body stopped or came too slowly");
  if (download_scope_ != nullptr) download_scope_->cancel();
  co_return false;
}

}  // namespace bulkhead::acceptor
