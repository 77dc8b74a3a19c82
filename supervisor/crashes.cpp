#include "supervisor/crashes.h"

#include <algorithm>
#include <chrono>

#include "ipc/page/recorder_page.h"
#include "runtime/log.h"

namespace bulkhead::supervisor {
namespace {

namespace log = runtime::log;
using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;

proto::CrashEvent to_message(const ipc::RecordedEvent& event) {
  proto::CrashEvent message;
  message.before_us =
      static_cast<std::uint64_t>(duration_cast<microseconds>(event.before_end).count());
  message.what = to_string(event.what);
  message.subject = ipc::subject_of(event.what);
  message.number = event.subject;
  message.detail = describe(event);
  return message;
}

std::uint64_t unix_time_ms() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(duration_cast<milliseconds>(since).count());
}

void log_event(const std::string& worker, const proto::CrashEvent& event) {
  const std::string number =
      event.subject.value.empty() ? "" : event.subject.value + '=' + std::to_string(event.number);
  log::info("flight recorder", {{"worker", worker},
                                {"before_us", event.before_us},
                                {"event", event.what.value},
                                {"of", number},
                                {"detail", event.detail.value}});
}

}  // namespace

void Crashes::leave(DaemonState& state) const {
  state.crashes_counted = count_;
  for (const proto::CrashRow& row : rows_) state.crashes.push(row);
}

void Crashes::inherit(const DaemonState& state) {
  count_ = state.crashes_counted;
  rows_.assign(state.crashes.items.begin(), state.crashes.items.end());
}

void Crashes::note(const WorkerProcess& process) {
  const platform::ExitReason& reason = process.exit_reason();
  const bool signaled = reason.kind == platform::ExitReason::Kind::signaled;
  const ipc::FlightRecord record = process.flight_record();
  proto::CrashRow row;
  row.number = ++count_;
  row.role = process.role();
  row.index = process.index();
  row.pid = static_cast<std::uint32_t>(process.pid());
  row.time_ms = unix_time_ms();
  row.uptime_ms = static_cast<std::uint64_t>(
      duration_cast<milliseconds>(runtime::Clock::now() - process.started()).count());
  row.generation = process.generation();
  row.end = reason.to_string();
  row.signal = static_cast<std::uint8_t>(signaled ? reason.value : 0);
  row.exit_code = static_cast<std::uint8_t>(signaled ? 0 : reason.value);
  row.recorder_damaged = record.damaged;
  for (const auto& event : record.events) row.events.push(to_message(event));
  const auto& events = row.events.items;
  for (std::size_t i = events.size() - std::min(events.size(), logged_events); i < events.size();
       ++i) {
    log_event(process.name(), events[i]);
  }
  if (record.damaged)
    log::warn("its flight recorder is damaged in parts", {{"worker", process.name()}});
  rows_.push_back(std::move(row));
  if (rows_.size() > kept) rows_.pop_front();
}

}  // namespace bulkhead::supervisor
