// The flight recorder's page: the last things that one incarnation of a worker did, in memory that
// the supervisor made and keeps, so that they can be read when the worker has died.
//
// How it works: a ring of fixed slots with one writer, the worker (flight_recorder.h), which fills
// a slot with plain stores and then publishes it by the counter `written`. The supervisor reads
// after the worker was reaped. A worker that died in the middle of a slot has not counted it; that
// slot is the one that the reader leaves out.
//
// A slot is numbers and nothing else: no text, no address, no payload ever gets here. The writer
// may have been broken into, so the reader believes nothing: every number is checked or clamped.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::ipc {

// What can be recorded. subject, first and second mean what the table in recorder_page.cpp says.
enum class Happening : std::uint16_t {
  nothing,
  // any worker
  page_received,
  prepared,
  prepare_refused,
  committed,
  aborted,
  drain_begun,
  drained,
  supervisor_lost,
  peer_connected,
  peer_restarted,
  // an acceptor's connections
  listener_received,
  accepted,
  turned_away,
  recognised,
  routed,
  opening,
  opened,
  refused,
  relaying,
  relay_ended,
  ended,
  session_failed,
  vaulted,
  adopted,
  relinquished,
  torn,
  // an egress's requests
  asked,
  answered,
  request_refused,
  // a vault's holdings
  held,
  released,
  bequeathed,
  end_
};
std::string_view to_string(Happening what);

inline constexpr std::size_t recorder_slots = 256;

struct RecorderSlot {
  std::atomic<std::uint64_t> time_ns;  // steady clock
  std::atomic<std::uint64_t> subject;  // a connection, a request, a generation
  std::atomic<std::uint64_t> first, second;
  std::atomic<std::uint64_t> what;  // a Happening
};

struct RecorderPage {
  std::atomic<std::uint64_t> written;  // how many slots ever; the next is written % recorder_slots
  std::uint64_t unused[7];             // the slots begin with a cache line
  std::array<RecorderSlot, recorder_slots> slots;
};

struct RecordedEvent {
  std::chrono::nanoseconds before_end{0};  // never negative
  Happening what = Happening::nothing;
  std::uint64_t subject = 0, first = 0, second = 0;
};

struct FlightRecord {
  std::vector<RecordedEvent> events;  // oldest first, fewer than recorder_slots
  // Some of the page cannot have been written by an intact worker; that part was left out.
  bool damaged = false;
};

// began and end bound the life of the writer, on the steady clock; a time outside is damage.
FlightRecord read_recorder(const RecorderPage& page, std::chrono::nanoseconds began,
                           std::chrono::nanoseconds end);

// What first and second say, "reason=dns_failed status=502"; empty where they say nothing.
std::string describe(const RecordedEvent& event);
// What subject is, "connection"; empty for events that have none.
std::string_view subject_of(Happening what);

}  // namespace bulkhead::ipc
