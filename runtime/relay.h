// Relays bytes between two streams in both directions until both have ended, passing each
// half-close on.
//
// Neither direction holds a buffer while it waits to read: bytes go through one scratch buffer of
// the thread, or, between two plain sockets (Stream::is_raw) and in bulk, through a pipe with
// splice(2) and never through user space. Only what a slow receiver did not take is kept, until it
// is taken, before more is read (back-pressure).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "runtime/meter.h"
#include "runtime/stream.h"
#include "runtime/task.h"

namespace bulkhead::runtime {

// Live counters; may be read while the relay runs.
struct RelayCounters {
  std::uint64_t up = 0;    // client to upstream
  std::uint64_t down = 0;  // upstream to client
};

enum class RelayEnd {
  closed,           // both sides ended in order; closing both passes on what is left of it
  client_failed,    // reset by, or write error to, the client
  upstream_failed,  // the same for the upstream
  idle,             // nothing moved in either direction for the idle time
  write_timed_out,  // a receiver took nothing for the write time
  cancelled,
  settled,  // lives on elsewhere: see RelayOptions::settle_after
};
std::string_view to_string(RelayEnd end);

enum class RelayMode {
  adaptive,  // copies small messages, splices bulk, each direction by itself
  copy,
  splice,
};

struct RelayOptions {
  Duration idle{60'000};   // both directions silent for this long ends the relay
  Duration write{30'000};  // a receiver that takes nothing for this long ends the relay
  // TCP keep-alive of the upstream, as idle time and interval; 0: none. Switched on when the relay
  // has lived that long: most are over by then, and every option is a system call.
  std::chrono::seconds keepalive{0};
  RelayMode mode = RelayMode::adaptive;  // between plain sockets; anything else is copied
  // Watch a direction each and outlive the relay; null: nobody does, which costs nothing.
  Meter* up = nullptr;
  Meter* down = nullptr;
  // Raw relays only: after this time, or when the scope is cancelled, the relay ends as `settled`,
  // between two steps and with whatever it holds. 0: never. The scope outlives the relay, or is
  // null.
  Duration settle_after{0};
  CancelScope* settle_scope = nullptr;
};

// Lets the kernel probe a silent peer after that time, then as often again; it gives up after a
// few.
void keep_alive(Socket& socket, std::chrono::seconds interval);

// Both streams and the counters must outlive the task. Bytes already read from either side must
// have been written to the other before.
Task<RelayEnd> relay(Stream& client, Stream& upstream, RelayOptions options,
                     RelayCounters& counters);

// Sends everything the stream sends back to it, until it ends: the `echo` backend.
Task<RelayEnd> echo(Stream& client, RelayOptions options, RelayCounters& counters);

}  // namespace bulkhead::runtime
