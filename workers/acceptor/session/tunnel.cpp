#include "workers/acceptor/session/tunnel.h"

#include "ipc/page/flight_recorder.h"
#include "runtime/log.h"
#include "workers/acceptor/observe/live_bytes.h"

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
    entry_.up += counters_.up;
    entry_.down += counters_.down;
    entry_.live_up = entry_.live_down = nullptr;
    ipc::note(ipc::Happening::relay_ended, entry_.id(), counters_.up, counters_.down);
  }
  LiveCounters(const LiveCounters&) = delete;
  LiveCounters& operator=(const LiveCounters&) = delete;

 private:
  ConnectionEntry& entry_;
  const runtime::RelayCounters& counters_;
};

// What watches a tunnel's bytes as they move. The record outlives it.
struct Watch {
  Watch(Client& client, AccessRecord& record) : bytes(client.acceptor.counters, record) {}

  runtime::RelayOptions options(const Route& route) {
    const config::Network& network = route.generation->config->network;
    runtime::RelayOptions options;
    options.idle = network.timeouts.idle;
    options.write = network.timeouts.write;
    options.up = &up;
    options.down = &down;
    if (network.keepalive.enabled) {
      options.keepalive =
          std::chrono::ceil<std::chrono::seconds>(runtime::Duration(network.keepalive.interval));
    }
    return options;
  }

  LiveBytes bytes;
  UpMeter up{bytes};
  DownMeter down{bytes};
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

void account(Client& client, Tunnel& tunnel, const runtime::RelayCounters& counters,
             runtime::RelayEnd end) {
  AccessRecord& record = tunnel.record;
  record.bytes_received += counters.up;
  record.bytes_sent += counters.down;
  if (end != runtime::RelayEnd::closed) record.detail = to_string(end);
  client.acceptor.record(*tunnel.route.generation, record);
}

}  // namespace

void begin_tunnel(Client& client, const Route& route, Upstream upstream, AccessRecord record) {
  client.tunnel = std::make_unique<Tunnel>(
      Tunnel{route, std::move(upstream.stream), std::move(upstream.use), std::move(record)});
}

void begin_echo(Client& client, const Route& route, AccessRecord record) {
  client.tunnel = std::make_unique<Tunnel>(Tunnel{route, nullptr, {}, std::move(record)});
}

runtime::Task<runtime::RelayEnd> run_tunnel(Client& client) {
  Tunnel& tunnel = *client.tunnel;
  const bool echoed = tunnel.upstream == nullptr;
  runtime::Stream& upstream = echoed ? *client.stream : *tunnel.upstream;
  Watch watch(client, tunnel.record);
  const runtime::RelayOptions options = watch.options(tunnel.route);
  runtime::RelayCounters counters;
  runtime::RelayEnd end =
      echoed ? runtime::RelayEnd::client_failed : runtime::RelayEnd::upstream_failed;
  {
    const LiveCounters live(client.entry, counters);
    const bool sent = co_await send_early(client, upstream, options.write, counters);
    if (sent && echoed) end = co_await runtime::echo(*client.stream, options, counters);
    if (sent && !echoed) end = co_await runtime::relay(*client.stream, upstream, options, counters);
  }
  account(client, tunnel, counters, end);
  client.tunnel.reset();
  co_return end;
}

}  // namespace bulkhead::acceptor
