// The relay for streams that are more than a socket, by coroutines; and the choice between it and
// the raw one.
#include "runtime/relay.h"

#include <algorithm>
#include <array>
#include <vector>

#include "platform/socket.h"
#include "runtime/both.h"
#include "runtime/raw_relay.h"
#include "runtime/timer.h"
#include "runtime/turn.h"

namespace bulkhead::runtime {
namespace {

constexpr std::size_t scratch_bytes = 64 * 1024;
thread_local std::array<std::byte, scratch_bytes> scratch;

// What the two pumps of a relay share. The first reason to end wins and calls the other pump off.
struct Shared {
  RelayOptions options;
  CancelScope& scope;
  Deadline last_activity;
  RelayEnd end = RelayEnd::closed;
  bool ended = false;

  void finish(RelayEnd why) {
    if (!ended) end = why;
    ended = true;
    scope.cancel();
  }
};

struct Pump {
  Stream& from;
  Stream& to;
  std::uint64_t& count;
  Meter* meter;  // may be null
  RelayEnd from_failed;
  RelayEnd to_failed;

  // How much may be read now.
  std::size_t room() const {
    return meter == nullptr ? scratch_bytes : std::min(scratch_bytes, meter->allowance());
  }
  void passed(std::size_t bytes) {
    count += bytes;
    if (meter != nullptr) meter->passed(bytes);
  }
};

RelayEnd write_end(const Pump& pump, IoStatus status) {
  if (status == IoStatus::timed_out) return RelayEnd::write_timed_out;
  return status == IoStatus::cancelled ? RelayEnd::cancelled : pump.to_failed;
}

// Waits for bytes. Silence here is idleness only if the other direction is silent as well.
Task<bool> wait_readable(Pump& pump, Shared& shared) {
  while (true) {
    const Deadline deadline = shared.last_activity + shared.options.idle;
    const IoStatus waited = co_await readable(pump.from, deadline);
    if (waited == IoStatus::ok) co_return true;
    if (waited == IoStatus::timed_out && shared.last_activity + shared.options.idle > Clock::now())
      continue;
    shared.finish(waited == IoStatus::timed_out ? RelayEnd::idle : RelayEnd::cancelled);
    co_return false;
  }
}

// Being held back is not being idle.
Task<bool> wait_for_allowance(Pump& pump, Shared& shared) {
  const bool slept = co_await sleep_until(pump.meter->resume_at());
  shared.last_activity = Loop::current().now();
  if (!slept) shared.finish(RelayEnd::cancelled);
  co_return slept;
}

// What the receiver did not take at once is copied out of the scratch buffer, which is another
// relay's as soon as this one waits.
Task<bool> pass_on_rest(Pump& pump, Shared& shared, IoResult first, std::size_t size) {
  if (first.status == IoStatus::failed) {
    shared.finish(pump.to_failed);
    co_return false;
  }
  const std::vector<std::byte> rest(scratch.data() + first.bytes, scratch.data() + size);
  const IoResult second = co_await write_all(pump.to, rest, Clock::now() + shared.options.write);
  pump.passed(second.bytes);
  if (!second.ok()) shared.finish(write_end(pump, second.status));
  co_return second.ok();
}

Task<void> run(Pump pump, Shared& shared) {
  Turn turn;
  while (!shared.ended) {
    const std::size_t room = pump.room();
    if (room == 0) {
      const bool going_on = co_await wait_for_allowance(pump, shared);
      if (!going_on) co_return;
      continue;
    }
    const IoResult got = pump.from.try_read(std::span(scratch).first(room));
    if (got.status == IoStatus::would_block) {
      const bool more = co_await wait_readable(pump, shared);
      if (!more) co_return;
      continue;
    }
    if (got.status == IoStatus::eof) {
      pump.to.shutdown_write();
      co_return;
    }
    if (!got.ok()) {
      shared.finish(pump.from_failed);
      co_return;
    }
    shared.last_activity = Loop::current().now();
    if (pump.meter != nullptr) pump.meter->took(got.bytes);
    const IoResult put = pump.to.try_write(std::span(scratch).first(got.bytes));
    pump.passed(put.bytes);
    if (put.ok() && put.bytes == got.bytes) {
      co_await turn.pass();
      continue;
    }
    const bool passed = co_await pass_on_rest(pump, shared, put, got.bytes);
    if (!passed) co_return;
  }
}

Task<RelayEnd> relay_sockets(Stream& client, Stream& upstream, RelayOptions options,
                             RelayCounters& counters) {
  options.settle_after = Duration{0};
  AwaitedRelay relay(client, upstream, options, counters);
  const RelayEnd end = co_await relay;
  co_return end;
}

Task<RelayEnd> relay_streams(Stream& client, Stream& upstream, RelayOptions options,
                             RelayCounters& counters) {
  if (options.keepalive.count() > 0) keep_alive(upstream.socket(), options.keepalive);
  CancelScope* parent = co_await current_scope();
  CancelScope scope(parent);
  Shared shared{options, scope, Clock::now()};
  const Pump up{client,
                upstream,
                counters.up,
                options.up,
                RelayEnd::client_failed,
                RelayEnd::upstream_failed};
  const Pump down{upstream,
                  client,
                  counters.down,
                  options.down,
                  RelayEnd::upstream_failed,
                  RelayEnd::client_failed};
  co_await both(run(up, shared).under(scope), run(down, shared).under(scope));
  if (!shared.ended && parent != nullptr && parent->cancelled()) co_return RelayEnd::cancelled;
  co_return shared.end;
}

}  // namespace

std::string_view to_string(RelayEnd end) {
  switch (end) {
    case RelayEnd::closed:
      return "closed";
    case RelayEnd::client_failed:
      return "client_failed";
    case RelayEnd::upstream_failed:
      return "upstream_failed";
    case RelayEnd::idle:
      return "idle";
    case RelayEnd::write_timed_out:
      return "write_timed_out";
    case RelayEnd::cancelled:
      return "cancelled";
    case RelayEnd::settled:
      return "settled";
  }
  return "closed";
}

void keep_alive(Socket& socket, std::chrono::seconds interval) {
  constexpr int probes = 4;
  // Not worth failing a connection for.
  static_cast<void>(platform::set_keepalive(socket.fd(), interval, interval, probes));
}

// Two coroutines, so that neither carries the other's frame: it is held for as long as the
// connection lives.
Task<RelayEnd> relay(Stream& client, Stream& upstream, RelayOptions options,
                     RelayCounters& counters) {
  const bool raw = client.is_raw() && upstream.is_raw();
  return raw ? relay_sockets(client, upstream, options, counters)
             : relay_streams(client, upstream, options, counters);
}

Task<RelayEnd> echo(Stream& client, RelayOptions options, RelayCounters& counters) {
  CancelScope scope(co_await current_scope());
  Shared shared{options, scope, Clock::now()};
  Pump pump{
      client, client, counters.up, options.up, RelayEnd::client_failed, RelayEnd::client_failed};
  co_await run(pump, shared);
  counters.down = counters.up;
  co_return shared.end;
}

}  // namespace bulkhead::runtime
