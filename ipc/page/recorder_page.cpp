#include "ipc/page/recorder_page.h"

#include <algorithm>

#include "proto/message_type.h"
#include "proto/refusal.h"

namespace bulkhead::ipc {
namespace {

// What a number of an event stands for; empty: it is not used.
struct Terms {
  Happening what;
  std::string_view name, subject, first, second;
};

constexpr std::string_view connection = "connection";
constexpr std::string_view request = "request";
constexpr std::string_view generation = "generation";
// The kinds of numbers that are shown by their names.
constexpr std::string_view reason = "reason";
constexpr std::string_view protocol = "protocol";
constexpr std::string_view role = "role";
constexpr std::string_view message = "message";
constexpr std::array<std::string_view, 3> protocols{"http", "socks4", "socks5"};

using enum Happening;
constexpr std::array table{
    Terms{nothing, "nothing", "", "", ""},
    Terms{page_received, "page_received", "", "kind", "owner"},
    Terms{prepared, "prepared", generation, "", ""},
    Terms{prepare_refused, "prepare_refused", generation, "", ""},
    Terms{committed, "committed", generation, "", ""},
    Terms{aborted, "aborted", generation, "", ""},
    Terms{drain_begun, "drain_begun", "", "timeout_ms", ""},
    Terms{drained, "drained", "", "cut", ""},
    Terms{supervisor_lost, "supervisor_lost", "", "", ""},
    Terms{peer_connected, "peer_connected", "", role, "index"},
    Terms{peer_restarted, "peer_restarted", "", role, ""},
    Terms{listener_received, "listener_received", "", "listener", ""},
    Terms{accepted, "accepted", connection, "", ""},
    Terms{turned_away, "turned_away", "", "listener", "error"},
    Terms{recognised, "recognised", connection, protocol, ""},
    Terms{routed, "routed", connection, "rule", "backend"},
    Terms{opening, "opening", connection, "parents", "timeout_ms"},
    Terms{opened, "opened", connection, "resolve_us", "connect_us"},
    Terms{refused, "refused", connection, reason, "status"},
    Terms{relaying, "relaying", connection, "", ""},
    Terms{relay_ended, "relay_ended", connection, "up", "down"},
    Terms{ended, "ended", connection, "up", "down"},
    Terms{session_failed, "session_failed", connection, "", ""},
    Terms{vaulted, "vaulted", connection, "flow", ""},
    Terms{adopted, "adopted", connection, "flow", "holder"},
    Terms{relinquished, "relinquished", "", "flows", "left"},
    Terms{torn, "torn", connection, "flow", ""},
    Terms{asked, "asked", request, message, ""},
    Terms{answered, "answered", request, "resolve_us", "connect_us"},
    Terms{request_refused, "request_refused", request, reason, ""},
    Terms{held, "held", "flow", "holder", ""},
    Terms{released, "released", "flow", "holder", ""},
    Terms{bequeathed, "bequeathed", "", "from", "to"},
};
static_assert(table.size() == static_cast<std::size_t>(Happening::end_));

const Terms& terms_of(Happening what) {
  const auto index = static_cast<std::size_t>(what);
  return table[index < table.size() ? index : 0];
}

// The name of a value of an enum that ends with end_; empty for anything beyond.
template <typename Enum>
std::string_view name_in(std::uint64_t value) {
  if (value >= static_cast<std::uint64_t>(Enum::end_)) return {};
  return to_string(static_cast<Enum>(value));
}

std::string_view name_of(std::string_view kind, std::uint64_t value) {
  if (kind == reason) return name_in<proto::Refusal>(value);
  if (kind == role) return name_in<proto::Party>(value);
  if (kind == message) return name_in<proto::MessageType>(value);
  return kind == protocol && value < protocols.size() ? protocols[value] : std::string_view();
}

std::string number(std::string_view kind, std::uint64_t value) {
  if (kind.empty()) return {};
  const std::string_view name = name_of(kind, value);
  return std::string(kind) + '=' + (name.empty() ? std::to_string(value) : std::string(name));
}

// A slot in the reader's own memory: what is checked is what is used, even if the writer has a
// helper that still writes.
struct Copy {
  explicit Copy(const RecorderSlot& slot)
      : time_ns(slot.time_ns.load(std::memory_order_relaxed)),
        what(slot.what.load(std::memory_order_relaxed)),
        subject(slot.subject.load(std::memory_order_relaxed)),
        first(slot.first.load(std::memory_order_relaxed)),
        second(slot.second.load(std::memory_order_relaxed)) {}

  std::uint64_t time_ns, what, subject, first, second;
};

bool is_sound(const Copy& slot, std::uint64_t earliest, std::uint64_t latest) {
  return slot.time_ns >= earliest && slot.time_ns <= latest && slot.what != 0 &&
         slot.what < static_cast<std::uint64_t>(Happening::end_);
}

}  // namespace

std::string_view to_string(Happening what) {
  return terms_of(what).name;
}

std::string_view subject_of(Happening what) {
  return terms_of(what).subject;
}

std::string describe(const RecordedEvent& event) {
  const Terms& terms = terms_of(event.what);
  std::string text = number(terms.first, event.first);
  const std::string second = number(terms.second, event.second);
  if (!text.empty() && !second.empty()) text += ' ';
  return text + second;
}

FlightRecord read_recorder(const RecorderPage& page, std::chrono::nanoseconds began,
                           std::chrono::nanoseconds end) {
  FlightRecord record;
  const std::uint64_t written = page.written.load(std::memory_order_acquire);
  const std::uint64_t count = std::min<std::uint64_t>(written, recorder_slots - 1);
  const auto latest = static_cast<std::uint64_t>(std::max(end.count(), std::int64_t{0}));
  auto earliest = static_cast<std::uint64_t>(std::max(began.count(), std::int64_t{0}));
  record.events.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    const Copy slot(page.slots[(written - count + i) % recorder_slots]);
    if (!is_sound(slot, earliest, latest)) {
      record.damaged = true;
      continue;
    }
    earliest = slot.time_ns;
    record.events.push_back({std::chrono::nanoseconds(latest - slot.time_ns),
                             static_cast<Happening>(slot.what), slot.subject, slot.first,
                             slot.second});
  }
  return record;
}

}  // namespace bulkhead::ipc
