#include "workers/acceptor/session/recognise.h"

#include <algorithm>

#include "ipc/page/flight_recorder.h"
#include "wire/proxy_protocol/header.h"
#include "wire/socks/socks4.h"
#include "wire/socks/socks5.h"
#include "workers/acceptor/policy/client_policy.h"

namespace bulkhead::acceptor {
namespace {

using proto::ListenerProtocol;
using proto::Refusal;

void record_refusal(Client& client, const Generation& generation, std::string_view protocol,
                    const Failure& failure) {
  AccessRecord record = client.new_record(protocol);
  set_refusal(record, failure);
  client.acceptor.record(generation, record);
}

// Reads the header of a trusted peer and takes over the addresses in it.
runtime::Task<bool> read_proxy_header(Client& client,
                                      std::shared_ptr<const Generation> generation) {
  const config::Config& config = *generation->config;
  if (!is_trusted_proxy(config.server.proxy_protocol.trusted, client.peer_address.address)) {
    record_refusal(client, *generation, "proxy",
                   {Refusal::client_denied, "not trusted to send a PROXY header"});
    co_return false;
  }
  const auto deadline = runtime::Loop::current().after(config.network.timeouts.handshake);
  while (true) {
    const auto parsed = wire::proxy_protocol::parse(client.buffer.octets());
    if (parsed.is_complete()) {
      const auto& addresses = parsed.message().addresses;
      if (addresses) client.entry.client = addresses->source;
      client.buffer.consume(parsed.consumed());
      co_return true;
    }
    if (parsed.is_error()) {
      record_refusal(client, *generation, "proxy",
                     {Refusal::bad_request, std::string(to_string(parsed.error()))});
      co_return false;
    }
    const runtime::IoResult got = co_await read_more(*client.stream, client.buffer, deadline);
    if (got.ok()) continue;
    if (got.status == runtime::IoStatus::timed_out) {
      record_refusal(client, *generation, "proxy",
                     {Refusal::header_timeout, "PROXY header incomplete"});
    }
    co_return false;
  }
}

// Whom the header announced has a place of its own to take. False: close without an answer.
bool enter_announced(Client& client, const Generation& generation) {
  const wire::IpAddress& address = client.entry.client.address;
  auto refused = client.place.enter_address(address);
  if (!refused || client.refused) return true;
  if (refused->reason == Refusal::connection_rate_ip)
    client.acceptor.abuse.connection_refused(client.place.address(), address);
  if (refused->reason != Refusal::banned && client.refuse(*refused)) return true;
  record_refusal(client, generation, "proxy", *refused);
  return false;
}

std::optional<FrontProtocol> by_first_octet(const Client& client) {
  const std::uint8_t first = client.buffer.octets().front();
  if (client.listener.protocol == ListenerProtocol::http) return FrontProtocol::http;
  if (first == wire::socks::version4) return FrontProtocol::socks4;
  if (first == wire::socks::version5) return FrontProtocol::socks5;
  if (client.listener.protocol == ListenerProtocol::mixed) return FrontProtocol::http;
  return std::nullopt;
}

}  // namespace

runtime::Task<std::optional<FrontProtocol>> recognise(Client& client) {
  const std::shared_ptr<const Generation> generation = client.acceptor.generation;
  if (client.listener.proxy_protocol) {
    const bool known = co_await read_proxy_header(client, generation);
    if (!known || !enter_announced(client, *generation)) co_return std::nullopt;
  }
  if (client.buffer.empty()) {
    client.entry.set_idle(true);
    // Who says nothing at all has no claim to a place for as long as one that has spoken.
    const config::Timeouts& timeouts = generation->config->network.timeouts;
    const auto deadline =
        runtime::Loop::current().after(std::min(timeouts.idle, timeouts.handshake));
    const runtime::IoResult got = co_await read_more(*client.stream, client.buffer, deadline);
    client.entry.set_idle(false);
    if (!got.ok()) co_return std::nullopt;
  }
  const auto protocol = by_first_octet(client);
  if (!protocol) {
    record_refusal(client, *generation, "socks",
                   {Refusal::bad_request, "neither SOCKS4 nor SOCKS5"});
  } else {
    ipc::note(ipc::Happening::recognised, client.entry.id(), static_cast<std::uint64_t>(*protocol));
  }
  co_return protocol;
}

}  // namespace bulkhead::acceptor
