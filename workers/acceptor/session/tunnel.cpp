#include "workers/acceptor/session/tunnel.h"

#include "runtime/log.h"

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
  }
  ~LiveCounters() {
    entry_.up += counters_.up;
    entry_.down += counters_.down;
    entry_.live_up = entry_.live_down = nullptr;
  }
  LiveCounters(const LiveCounters&) = delete;
  LiveCounters& operator=(const LiveCounters&) = delete;

 private:
  ConnectionEntry& entry_;
  const runtime::RelayCounters& counters_;
};

runtime::RelayOptions options_of(const Route& route) {
  const config::Timeouts& timeouts = route.generation->config->network.timeouts;
  return {timeouts.idle, timeouts.write};
}

void account(Client& client, const Route& route, AccessRecord& record,
             const runtime::RelayCounters& counters, runtime::RelayEnd end) {
  record.bytes_received += counters.up;
  record.bytes_sent += counters.down;
  if (end != runtime::RelayEnd::closed) record.detail = to_string(end);
  client.acceptor.record(*route.generation, record);
}

}  // namespace

runtime::Task<void> run_tunnel(Client& client, const Route& route, runtime::Stream& upstream,
                               AccessRecord record) {
  const runtime::RelayOptions options = options_of(route);
  runtime::RelayCounters counters;
  runtime::RelayEnd end = runtime::RelayEnd::upstream_failed;
  {
    const LiveCounters live(client.entry, counters);
    const std::string early = client.buffer.take();
    const runtime::IoResult sent =
        co_await runtime::write_all(upstream, early, runtime::Loop::current().after(options.write));
    counters.up += sent.bytes;
    if (sent.ok()) end = co_await runtime::relay(*client.stream, upstream, options, counters);
  }
  account(client, route, record, counters, end);
}

runtime::Task<void> run_echo(Client& client, const Route& route, AccessRecord record) {
  const runtime::RelayOptions options = options_of(route);
  runtime::RelayCounters counters;
  runtime::RelayEnd end = runtime::RelayEnd::client_failed;
  {
    const LiveCounters live(client.entry, counters);
    const std::string early = client.buffer.take();
    const runtime::IoResult sent = co_await runtime::write_all(
        *client.stream, early, runtime::Loop::current().after(options.write));
    counters.up += sent.bytes;
    if (sent.ok()) end = co_await runtime::echo(*client.stream, options, counters);
  }
  account(client, route, record, counters, end);
}

}  // namespace bulkhead::acceptor
