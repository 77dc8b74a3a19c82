// What one place of the workforce has carried: a page that the supervisor makes and keeps, that the
// worker in that place writes, and that its successor carries on. Reading it costs the data path
// nothing.
//
// Totals only ever grow. Gauges (`active`) are what is open now; when the worker has died, the
// supervisor sets them to zero (forget_open) before a successor gets the page. A reader checks what
// it reads: the writer is weaker than it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ipc/page/counter.h"
#include "ipc/page/histogram.h"
#include "ipc/page/names.h"
#include "proto/refusal.h"

namespace bulkhead::ipc {

// Raised with every change of the layout: an upgrade carries a page over only if it is the same.
inline constexpr std::uint32_t counters_layout = 2;

// Room for refusals to come.
inline constexpr std::size_t max_refusals = 64;
static_assert(static_cast<std::size_t>(proto::Refusal::end_) <= max_refusals);
inline constexpr std::size_t max_backends = 128;
inline constexpr std::size_t max_backend_name = 64;

// Bytes towards the upstream and back, as they move.
struct ByteCounters {
  Counter up, down;
};

struct ProtocolCounters {
  Counter active;  // client connections
  Counter requests;
  ByteCounters bytes;
};

// A slot belongs to one name for the page's life.
struct BackendCounters {
  std::atomic<std::uint32_t> name_length;  // 0: free
  std::array<char, max_backend_name> name;
  Counter active;  // upstream connections, idle ones in the pool included
  Counter opened, failed;
  ByteCounters bytes;
  std::array<Counter, methods> requests;
  std::array<Counter, max_refusals> refused;  // requests that were to go through it
  Histogram connect;                          // resolving, connecting, speaking to parents
  Histogram request;                          // a plain HTTP request, whole

  // Empty for a free slot, and for one whose contents make no sense.
  std::string_view name_view() const;
};

struct CountersPage {
  std::atomic<std::uint32_t> layout;
  Counter active;       // client connections
  Counter accepted;     // all of them
  Counter turned_away;  // of these: closed at once, before anything was read
  Counter lost;         // requests whose client went away before it was answered
  std::array<Counter, methods> requests;
  std::array<Counter, max_refusals> refused;  // by reason, turned away ones included
  std::array<ProtocolCounters, protocols> by_protocol;
  Histogram connect;
  Histogram first_byte;  // a plain HTTP request: from its head to the first octet of the response
  Histogram request;
  std::array<BackendCounters, max_backends> backends;
  BackendCounters other_backends;  // those that found no slot

  // The slot of that name, taken if need be. For the writer.
  BackendCounters& backend(std::string_view name);
  // For the supervisor, when the writer is dead.
  void forget_open();
};

}  // namespace bulkhead::ipc
