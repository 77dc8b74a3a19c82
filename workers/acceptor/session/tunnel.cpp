#include "workers/acceptor/session/tunnel.h"

#include "ipc/page/flight_recorder.h"
#include "runtime/log.h"
#include "runtime/raw_relay.h"
#include "workers/acceptor/acceptor.h"

namespace bulkhead::acceptor {
namespace {

// Shows the counters of a running relay in the table of connections.
class LiveCounters {
 public:
  LiveCounters(ConnectionEntry& entry, const runtime::RelayCounters& counters)
      : entry_(entry), counters_(counters) {
    entry_.live_up = &counters_.up;
    entry_.live_down = &counters_.down;
    entry_.state = "relaying";
    ipc::note(ipc::Happening::relaying, entry.id());
  }
  ~LiveCounters() {
    if (!handed_on_) hide_counters(entry_, counters_);
  }
  LiveCounters(const LiveCounters&) = delete;
  LiveCounters& operator=(const LiveCounters&) = delete;

  // Somebody else shows them from now on.
  void hand_on() { handed_on_ = true; }

 private:
  ConnectionEntry& entry_;
  const runtime::RelayCounters& counters_;
  bool handed_on_ = false;
};

// What was read from the client behind its request. A task of its own, so that its buffer does not
// stay for the life of the tunnel.
runtime::Task<bool> send_early(Client& client, runtime::Stream& upstream, runtime::Duration timeout,
                               runtime::RelayCounters& counters) {
  const std::string early = client.buffer.take();
  const runtime::IoResult sent =
      co_await runtime::write_all(upstream, early, runtime::Loop::current().after(timeout));
  counters.up += sent.bytes;
  co_return sent.ok();
}

// Between plain sockets, until it ends or has lived long enough to go on without this coroutine.
runtime::Task<runtime::RelayEnd> relay_sockets(Client& client, runtime::RelayOptions options) {
  Tunnel& tunnel = *client.tunnel;
  client.acceptor.flows.let_settle(options);
  runtime::AwaitedRelay relay(*client.stream, *tunnel.upstream, options, tunnel.counters);
  const runtime::RelayEnd end = co_await relay;
  if (end == runtime::RelayEnd::settled) {
    tunnel.settled = std::make_unique<SettledFlows>(
        SettledFlows{std::move(relay.up()), std::move(relay.down())});
  }
  co_return end;
}

runtime::Task<runtime::RelayEnd> relay_bytes(Client& client, runtime::RelayOptions options) {
  Tunnel& tunnel = *client.tunnel;
  if (tunnel.upstream == nullptr) return runtime::echo(*client.stream, options, tunnel.counters);
  if (client.stream->is_raw() && tunnel.upstream->is_raw()) return relay_sockets(client, options);
  return runtime::relay(*client.stream, *tunnel.upstream, options, tunnel.counters);
}

}  // namespace

runtime::RelayMode relay_mode(const config::Config& config) {
  switch (config.network.relay) {
    case config::RelayMode::copy:
      return runtime::RelayMode::copy;
    case config::RelayMode::splice:
      return runtime::RelayMode::splice;
    case config::RelayMode::adaptive:
      break;
  }
  return runtime::RelayMode::adaptive;
}

runtime::RelayOptions TunnelWatch::options(const Route& route) {
  const config::Network& network = route.generation->config->network;
  runtime::RelayOptions options;
  options.idle = network.timeouts.idle;
  options.write = network.timeouts.write;
  options.mode = relay_mode(*route.generation->config);
  options.up = &traffic.up();
  options.down = &traffic.down();
  if (network.keepalive.enabled) {
    options.keepalive =
        std::chrono::ceil<std::chrono::seconds>(runtime::Duration(network.keepalive.interval));
  }
  return options;
}

void hide_counters(ConnectionEntry& entry, const runtime::RelayCounters& counters) {
  entry.up += counters.up;
  entry.down += counters.down;
  entry.live_up = entry.live_down = nullptr;
  ipc::note(ipc::Happening::relay_ended, entry.id(), counters.up, counters.down);
}

void account(Client& client, runtime::RelayEnd end) {
  Tunnel& tunnel = *client.tunnel;
  AccessRecord& record = tunnel.record;
  record.bytes_received += tunnel.counters.up;
  record.bytes_sent += tunnel.counters.down;
  if (end != runtime::RelayEnd::closed) record.detail = to_string(end);
  client.acceptor.record(*tunnel.route.generation, record);
}

void begin_tunnel(Client& client, const Route& route, Upstream upstream, AccessRecord record) {
  client.tunnel = std::make_unique<Tunnel>(Tunnel{route,
                                                  std::move(upstream.stream),
                                                  std::move(upstream.use),
                                                  std::move(upstream.place),
                                                  std::move(record),
                                                  {},
                                                  {}});
}

runtime::Task<runtime::RelayEnd> run_tunnel(Client& client) {
  Tunnel& tunnel = *client.tunnel;
  const bool echoed = tunnel.upstream == nullptr;
  runtime::Stream& upstream = echoed ? *client.stream : *tunnel.upstream;
  const bool raw = !echoed && client.stream->is_raw() && upstream.is_raw();
  client.entry.set_unprotected(raw ? ipc::Unprotected::young : ipc::Unprotected::opaque);
  TunnelWatch watch(client, tunnel.record);
  const runtime::RelayOptions options = watch.options(tunnel.route);
  runtime::RelayEnd end =
      echoed ? runtime::RelayEnd::client_failed : runtime::RelayEnd::upstream_failed;
  {
    LiveCounters live(client.entry, tunnel.counters);
    const bool sent = co_await send_early(client, upstream, options.write, tunnel.counters);
    if (sent) end = co_await relay_bytes(client, options);
    if (end == runtime::RelayEnd::settled) live.hand_on();
  }
  if (end == runtime::RelayEnd::settled) co_return end;
  account(client, end);
  client.tunnel.reset();
  co_return end;
}

}  // namespace bulkhead::acceptor
