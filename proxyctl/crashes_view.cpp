#include <algorithm>

#include "proxyctl/table.h"
#include "proxyctl/terminal_text.h"
#include "proxyctl/units.h"
#include "proxyctl/views.h"

namespace bulkhead::proxyctl {
namespace {

std::string name_of(const proto::CrashRow& row) {
  return std::string(proto::to_string(row.role)) + " " + std::to_string(row.index);
}

std::string subject_text(const proto::CrashEvent& event) {
  if (event.subject.value.empty()) return {};
  return event.subject.value + ' ' + std::to_string(event.number);
}

void write(JsonWriter& json, const proto::CrashEvent& event) {
  json.begin_object();
  json.member("before_us", event.before_us);
  json.member("event", event.what.value);
  json.member("subject", event.subject.value);
  json.member("number", event.number);
  json.member("detail", event.detail.value);
  json.end_object();
}

void write(JsonWriter& json, const proto::CrashRow& row) {
  json.begin_object();
  json.member("number", row.number);
  json.member("role", proto::to_string(row.role));
  json.member("index", row.index);
  json.member("pid", row.pid);
  json.member("time", utc_time(row.time_ms));
  json.member("uptime_ms", row.uptime_ms);
  json.member("generation", row.generation);
  json.member("end", row.end.value);
  json.member("signal", row.signal);
  json.member("exit_code", row.exit_code);
  json.member("recorder_damaged", row.recorder_damaged);
  json.key("events");
  json.begin_array();
  for (const auto& event : row.events.items) write(json, event);
  json.end_array();
  json.end_object();
}

void print(const Session& session, const proto::CrashRow& row, std::size_t last) {
  session.out << name_of(row) << " (pid " << row.pid << ") at " << utc_time(row.time_ms)
              << ", after " << short_duration(row.uptime_ms) << ": " << printable(row.end.value)
              << '\n';
  if (row.recorder_damaged) session.out << "  its flight recorder is damaged in parts\n";
  const auto& events = row.events.items;
  Table table({{"BEFORE", Align::right}, {"EVENT"}, {"OF"}, {"DETAIL"}});
  for (std::size_t i = events.size() - std::min(events.size(), last); i < events.size(); ++i) {
    table.add({short_microseconds(events[i].before_us), events[i].what.value,
               subject_text(events[i]), events[i].detail.value});
  }
  if (!table.empty()) table.print(session.out, session.terminal);
  session.out << '\n';
}

}  // namespace

void show_crashes(const Session& session, const std::vector<proto::CrashRow>& rows,
                  std::size_t last) {
  if (!session.json) {
    for (const auto& row : rows) print(session, row, last);
    if (rows.empty()) session.out << "no worker has died unexpectedly\n";
    return;
  }
  JsonWriter json(session.out);
  json.begin_array();
  for (const auto& row : rows) write(json, row);
  json.end_array();
}

}  // namespace bulkhead::proxyctl
