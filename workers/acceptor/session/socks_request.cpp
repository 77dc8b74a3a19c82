#include "workers/acceptor/session/socks_request.h"

#include "workers/acceptor/session/tunnel.h"
#include "workers/acceptor/session/way_out.h"

namespace bulkhead::acceptor {
namespace {

using proto::Refusal;

config::MatchProtocol match_protocol(std::uint8_t version) {
  return version == wire::socks::version4 ? config::MatchProtocol::socks4
                                          : config::MatchProtocol::socks5;
}

std::string_view protocol_name(std::uint8_t version) {
  return version == wire::socks::version4 ? "socks4" : "socks5";
}

std::string text_of(std::span<const std::uint8_t> octets) {
  return std::string(wire::as_text(octets));
}

AccessRecord record_of(const Client& client, const SocksRequest& request, std::string_view method) {
  AccessRecord record = client.new_record(protocol_name(request.version));
  record.method = method;
  record.destination = wire::socks::to_host_port(request.address);
  return record;
}

void show(Client& client, const AccessRecord& record, std::string_view state) {
  client.entry.set_protocol(record.protocol);
  client.entry.destination = record.destination.to_string();
  client.entry.rule = record.rule;
  client.entry.backend = record.backend;
  client.entry.state = state;
}

}  // namespace

std::string socks_granted(std::uint8_t version, const wire::Endpoint& bound) {
  if (version == wire::socks::version4) {
    return text_of(wire::socks::build_reply_v4(wire::socks::ReplyCodeV4::granted, bound).octets());
  }
  return text_of(wire::socks::build_reply(wire::socks::ReplyCode::succeeded, bound).octets());
}

std::string socks_refused(std::uint8_t version, Refusal reason) {
  if (version == wire::socks::version4) {
    return text_of(wire::socks::build_reply_v4(wire::socks::ReplyCodeV4::rejected).octets());
  }
  const auto code = static_cast<wire::socks::ReplyCode>(terms_of(reason).socks5_reply);
  return text_of(wire::socks::build_reply(code).octets());
}

runtime::Task<bool> send_answer(Client& client, std::string answer, runtime::Duration timeout) {
  const runtime::IoResult sent =
      co_await runtime::write_all(*client.stream, answer, runtime::Loop::current().after(timeout));
  co_return sent.ok();
}

runtime::Task<void> refuse_socks(Client& client, std::shared_ptr<const Generation> generation,
                                 std::uint8_t version, Failure failure, AccessRecord record) {
  set_refusal(record, failure);
  co_await send_answer(client, socks_refused(version, failure.reason),
                       generation->config->network.timeouts.write);
  client.acceptor.record(*generation, record);
  // What the client has sent and nobody will read must not turn the answer into a reset.
  client.stream->shutdown_write();
}

runtime::Task<void> run_socks_connect(Client& client, SocksRequest request) {
  const std::shared_ptr<const Generation> generation = client.acceptor.generation;
  AccessRecord record = record_of(client, request, "CONNECT");
  auto routed =
      route(client, generation, record.destination, match_protocol(request.version), record);
  const config::Timeouts& timeouts = generation->config->network.timeouts;
  if (!routed || routed->redirect != nullptr) {
    const Failure failure =
        routed ? Failure{Refusal::rule_blocked, "a redirect needs HTTP"} : routed.error();
    co_await refuse_socks(client, generation, request.version, failure, std::move(record));
    co_return;
  }
  show(client, record, "connecting");
  record.status = 200;
  auto opened = co_await open_way_out(client, *routed, record);
  if (!opened) {
    co_await refuse_socks(client, generation, request.version, opened.error(), std::move(record));
    co_return;
  }
  const bool granted =
      co_await send_answer(client, socks_granted(request.version, opened->local), timeouts.write);
  if (!granted) co_return record_lost_client(client, *generation, std::move(record));
  begin_tunnel(client, *routed, std::move(*opened), std::move(record));
}

}  // namespace bulkhead::acceptor
