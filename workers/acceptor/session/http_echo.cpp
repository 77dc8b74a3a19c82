// Requests that the proxy answers from what they say: the echo backend, and TRACE or OPTIONS that
// end here.
#include "runtime/turn.h"
#include "wire/http1/body.h"
#include "wire/http1/forward.h"
#include "workers/acceptor/session/http_answer.h"
#include "workers/acceptor/session/http_exchange.h"

namespace bulkhead::acceptor {
namespace {

namespace http1 = wire::http1;

// The request's head as it was received; credentials stay out of it (RFC 9110 section 9.3.8).
std::string received_head(const http1::RequestHead& head) {
  std::string text =
      head.method + " " + head.target + " " + std::string(to_string(head.version)) + "\r\n";
  head.headers.for_each([&](const http1::Field& field) {
    const bool secret = http1::equals_ignoring_case(field.name, "Proxy-Authorization") ||
                        http1::equals_ignoring_case(field.name, "Authorization") ||
                        http1::equals_ignoring_case(field.name, "Cookie");
    if (!secret) text.append(field.name).append(": ").append(field.value).append("\r\n");
  });
  return text + "\r\n";
}

std::string answer_head(bool chunked, bool keep_alive) {
  std::string text = "HTTP/1.1 200 OK\r\nContent-Type: message/http\r\n";
  if (chunked) text += "Transfer-Encoding: chunked\r\n";
  text += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  return text;
}

}  // namespace

runtime::Task<bool> echo_request(Client& client, const Route& route, const http1::RequestHead& head,
                                 bool keep_alive, AccessRecord record) {
  const config::Timeouts& timeouts = route.generation->config->network.timeouts;
  const bool chunked = head.version == http1::Version::http_1_1;
  const bool to_head = head.method == "HEAD";
  bool keeps = keep_alive && chunked && !client.acceptor.connections.draining();
  std::string out;
  if (head.expects_continue) out = "HTTP/1.1 100 Continue\r\n\r\n";
  out += answer_head(chunked, keeps);
  const auto add = [&](std::string_view payload) {
    if (to_head) return;
    if (chunked) {
      http1::append_chunk(out, payload);
    } else {
      out += payload;
    }
  };
  add(received_head(head));
  record.status = 200;
  http1::BodyDecoder body(head.body);
  runtime::Turn turn;
  while (true) {
    if (body.done() && chunked && !to_head) http1::append_last_chunk(out);
    const auto deadline = runtime::Loop::current().after(timeouts.write);
    const runtime::IoResult sent = co_await runtime::write_all(*client.stream, out, deadline);
    record.bytes_sent += sent.bytes;
    keeps = keeps && sent.ok();
    if (!sent.ok() || body.done()) break;
    out.clear();
    co_await turn.pass();
    if (client.buffer.empty()) {
      const runtime::IoResult got = co_await read_more(
          *client.stream, client.buffer, runtime::Loop::current().after(timeouts.idle));
      if (!got.ok()) break;
    }
    const http1::BodyStep step = body.feed(client.buffer.view());
    if (step.error != http1::ParseError::none) break;
    add(step.payload);
    client.buffer.consume(step.consumed);
    record.bytes_received += step.consumed;
  }
  client.acceptor.record(*route.generation, record);
  if (!keeps || !body.done()) client.stream->shutdown_write();
  co_return keeps&& body.done();
}

runtime::Task<bool> answer_max_forwards(Client& client,
                                        std::shared_ptr<const Generation> generation,
                                        const http1::RequestHead& head, bool keep_alive,
                                        AccessRecord record) {
  record.status = 200;
  std::string text;
  if (head.method == "TRACE") {
    const std::string body = received_head(head);
    text = "HTTP/1.1 200 OK\r\nContent-Type: message/http\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n";
    text += keep_alive ? "\r\n" : "Connection: close\r\n\r\n";
    text += body;
  } else {
    text =
        "HTTP/1.1 200 OK\r\nAllow: GET, HEAD, POST, PUT, DELETE, CONNECT, OPTIONS, TRACE, "
        "PATCH\r\nContent-Length: 0\r\n";
    text += keep_alive ? "\r\n" : "Connection: close\r\n\r\n";
  }
  const auto deadline = runtime::Loop::current().after(generation->config->network.timeouts.write);
  const runtime::IoResult sent = co_await runtime::write_all(*client.stream, text, deadline);
  record.bytes_sent += sent.bytes;
  client.acceptor.record(*generation, record);
  co_return keep_alive&& sent.ok();
}

}  // namespace bulkhead::acceptor
