#include "workers/acceptor/session/http_session.h"

#include "wire/http1/forward.h"
#include "workers/acceptor/policy/client_policy.h"
#include "workers/acceptor/session/http_answer.h"
#include "workers/acceptor/session/http_exchange.h"
#include "workers/acceptor/session/login.h"
#include "workers/acceptor/session/tunnel.h"
#include "workers/acceptor/session/way_out.h"

namespace bulkhead::acceptor {
namespace {

using proto::Refusal;
using wire::http1::ParseResult;
namespace http1 = wire::http1;

enum class HeadArrival { complete, error, gone, late };

struct ReadHead {
  HeadArrival arrival = HeadArrival::gone;
  ParseResult result;
};

// What is in the buffer; nothing if it is not a whole head yet.
std::optional<ReadHead> parse_head(const Client& client, http1::RequestParser& parser) {
  const ParseResult result = parser.parse(client.buffer.view());
  if (result.status == ParseResult::Status::complete)
    return ReadHead{HeadArrival::complete, result};
  if (result.status == ParseResult::Status::error) return ReadHead{HeadArrival::error, result};
  return std::nullopt;
}

// The rest of a head whose beginning has come.
runtime::Task<ReadHead> read_rest_of_head(Client& client, const Generation& generation,
                                          http1::RequestParser& parser) {
  const auto deadline = runtime::Loop::current().after(generation.config->network.timeouts.header);
  while (true) {
    const runtime::IoResult got = co_await read_more(*client.stream, client.buffer, deadline);
    if (got.status == runtime::IoStatus::timed_out) co_return ReadHead{HeadArrival::late, {}};
    if (!got.ok()) co_return ReadHead{};
    const std::optional<ReadHead> read = parse_head(client, parser);
    if (read) co_return *read;
  }
}

void describe(AccessRecord& record, const http1::RequestHead& head,
              const config::AccessLog& settings) {
  record.method = head.method;
  record.destination = head.authority;
  record.path = head.path_and_query;
  record.version = to_string(head.version);
  record.user_agent = head.headers.get("User-Agent").value_or("");
  record.referer = head.headers.get("Referer").value_or("");
  for (const config::LogField field : settings.fields) {
    if (field != config::LogField::headers) continue;
    head.headers.for_each(
        [&](const http1::Field& each) { record.headers.emplace_back(each.name, each.value); });
  }
}

void show(Client& client, const AccessRecord& record, std::string_view state) {
  client.entry.set_protocol(record.protocol);
  client.entry.destination = record.destination.to_string();
  client.entry.rule = record.rule;
  client.entry.backend = record.backend;
  client.entry.state = state;
}

// The values of all fields of that name as one list (RFC 9110 section 5.3).
std::string joined(const http1::RequestHead& head, std::string_view name) {
  std::string list;
  head.headers.for_each(name, [&](std::string_view value) {
    if (!list.empty()) list += ", ";
    list += value;
  });
  return list;
}

// The connection is a tunnel from here on, or is refused; in both cases it carries no further
// request.
runtime::Task<void> serve_connect(Client& client, std::shared_ptr<const Generation> generation,
                                  const http1::RequestHead& head, AccessRecord record) {
  const config::Timeouts& timeouts = generation->config->network.timeouts;
  auto routed =
      route(client, generation, record.destination, config::MatchProtocol::connect, record);
  if (routed && http1::via_names(head.headers, generation->config->server.via))
    routed = tl::unexpected(Failure{Refusal::loop_detected, {}});
  if (!routed || routed->redirect != nullptr) {
    const Failure failure = routed
                                ? Failure{Refusal::rule_blocked, "a redirect cannot answer CONNECT"}
                                : routed.error();
    HttpRefusal refusal;
    refusal.failure = failure;
    co_await refuse_http(client, generation, std::move(refusal), std::move(record));
    co_return;
  }
  show(client, record, "connecting");
  static constexpr std::string_view established = "HTTP/1.1 200 Connection established\r\n\r\n";
  record.status = 200;
  auto opened = co_await open_way_out(client, *routed, record, joined(head, "Via"));
  if (!opened) {
    HttpRefusal refusal;
    refusal.failure = opened.error();
    co_await refuse_http(client, generation, std::move(refusal), std::move(record));
    co_return;
  }
  const runtime::IoResult sent = co_await runtime::write_all(
      *client.stream, established, runtime::Loop::current().after(timeouts.write));
  if (!sent.ok()) co_return record_lost_client(client, *generation, std::move(record));
  begin_tunnel(client, *routed, std::move(*opened), std::move(record));
}

// What a proxy must not forward, whatever the rules say.
std::optional<Failure> objection(const Client& client, const http1::RequestHead& head,
                                 const config::Config& config) {
  if (const auto reason = objection_to(client, config)) return Failure{*reason, {}};
  if (head.authority.host.empty()) return Failure{Refusal::bad_request, "no host named"};
  if (head.scheme == http1::Scheme::https)
    return Failure{Refusal::unsupported_command, "https without CONNECT"};
  if (http1::via_names(head.headers, config.server.via)) return Failure{Refusal::loop_detected, {}};
  return std::nullopt;
}

runtime::Task<bool> serve_request(Client& client, std::shared_ptr<const Generation> generation,
                                  http1::RequestHead& head, AccessRecord& record) {
  HttpRefusal refusal;
  refusal.keep_alive = head.keep_alive && !head.body.has_body() && !client.refused &&
                       !client.acceptor.connections.draining();
  refusal.to_head = head.method == "HEAD";
  const http1::MaxForwards forwards = http1::take_max_forwards(head);
  std::optional<Failure> refused = objection(client, head, *generation->config);
  if (forwards == http1::MaxForwards::invalid)
    refused = Failure{Refusal::bad_request, "invalid Max-Forwards"};
  const bool answered_here = forwards == http1::MaxForwards::answer_here;
  if (!refused && answered_here) refused = admit(client, record);
  if (!refused && answered_here) {
    const bool kept = co_await answer_max_forwards(client, generation, head, refusal.keep_alive,
                                                   std::move(record));
    co_return kept;
  }
  Route chosen;
  if (!refused) {
    auto routed = route(client, generation, head.authority, config::MatchProtocol::http, record);
    if (routed) chosen = *routed;
    if (!routed) refused = routed.error();
  }
  if (refused) {
    refusal.failure = *refused;
    const bool kept =
        co_await refuse_http(client, generation, std::move(refusal), std::move(record));
    co_return kept;
  }
  if (chosen.redirect != nullptr) {
    const bool kept = co_await redirect_http(client, chosen, refusal.keep_alive, refusal.to_head,
                                             std::move(record));
    co_return kept;
  }
  show(client, record, "forwarding");
  HttpExchange exchange(client, std::move(chosen), head, record);
  const bool kept = co_await exchange.run();
  co_return kept;
}

// What is asked of the client first: where it may come from at all; then who it is.
runtime::Task<bool> refuse_login(Client& client, std::shared_ptr<const Generation> generation,
                                 const http1::RequestHead& head, AuthFailure failure,
                                 AccessRecord record) {
  HttpRefusal refusal;
  refusal.failure = Failure{failure.reason, failure.detail};
  refusal.failure.retry_after_s = failure.retry_s;
  refusal.to_head = head.method == "HEAD";
  // After CONNECT the client may have gone on as if it had been granted.
  refusal.keep_alive = head.keep_alive && !head.body.has_body() && head.method != "CONNECT" &&
                       !client.acceptor.connections.draining();
  const bool kept = co_await refuse_http(client, generation, std::move(refusal), std::move(record));
  co_return kept;
}

// True if another request may follow. What a connection waits for between two requests is not under
// the header's deadline, but an idle connection's. expect: what the first read will find.
runtime::Task<bool> serve_one(Client& client, Expect expect) {
  std::shared_ptr<const Generation> generation = client.acceptor.generation;
  http1::RequestParser parser(generation->http_limits);
  if (client.buffer.empty()) {
    const auto deadline = runtime::Loop::current().after(generation->config->network.timeouts.idle);
    client.entry.set_idle(true);
    const runtime::IoResult got =
        co_await read_more(*client.stream, client.buffer, deadline, expect);
    client.entry.set_idle(false);
    if (!got.ok()) co_return false;
  }
  std::optional<ReadHead> read = parse_head(client, parser);
  if (!read) {
    ReadHead rest = co_await read_rest_of_head(client, *generation, parser);
    read = rest;
  }
  if (read->arrival == HeadArrival::gone) co_return false;
  // A reload that came while the connection was idle holds for this request.
  generation = client.acceptor.generation;
  AccessRecord record = client.new_record("http");
  if (read->arrival != HeadArrival::complete) {
    const bool late = read->arrival == HeadArrival::late;
    HttpRefusal refusal;
    refusal.failure =
        late ? Failure{Refusal::header_timeout, {}}
             : Failure{Refusal::bad_request, std::string(http1::name(read->result.error))};
    if (!late) refusal.status = http1::http_status(read->result.error);
    co_await refuse_http(client, generation, std::move(refusal), std::move(record));
    co_return false;
  }
  http1::RequestHead& head = parser.head();
  HttpLogin login;
  const bool asks = asks_who(*generation->config);
  if (asks) {
    // Whoever knows the client's address now, nobody is known to be behind this request yet.
    client.entry.set_user(nullptr);
    login = take_login(client, head);
  }
  if (login.state == HttpLogin::State::none) {
    client.buffer.consume(read->result.consumed);
  } else {
    client.buffer.consume_secret(read->result.consumed);
  }
  record.bytes_received = read->result.consumed;
  record.username.clear();
  describe(record, head, generation->config->access_log);
  if (head.method == "CONNECT") record.protocol = "connect";
  // Who is over a limit, or may not come from where he does, is told so, and costs the auth worker
  // nothing: his credentials are not looked at.
  if (asks && !client.refused) {
    if (!log_in_at_once(client, *generation, login) &&
        !objection_to(*generation->config, client.entry.client.address)) {
      const std::string protocol = record.protocol;
      auto refused = co_await log_in(client, generation, std::move(login), protocol);
      if (refused) {
        const bool kept =
            co_await refuse_login(client, generation, head, std::move(*refused), std::move(record));
        co_return kept;
      }
    }
    if (client.entry.user()) record.username = client.entry.user()->name();
  }
  if (head.method == "CONNECT") {
    co_await serve_connect(client, generation, head, std::move(record));
    co_return false;
  }
  const bool kept = co_await serve_request(client, generation, head, record);
  co_return kept;
}

}  // namespace

runtime::Task<void> serve_http(Client& client) {
  client.entry.set_protocol("http");
  client.entry.set_unprotected(ipc::Unprotected::http);
  bool more = co_await serve_one(client, Expect::anything);
  while (more) more = co_await serve_one(client, Expect::nothing_yet);
}

}  // namespace bulkhead::acceptor
