// What the supervisor tells proxyctl of a worker that died unexpectedly: how, and what it did last.
#pragma once

#include "proto/codec.h"
#include "proto/message_type.h"

namespace bulkhead::proto {

// An event of the flight recorder, put into words by the supervisor (ipc/page/recorder_page.h).
struct CrashEvent {
  std::uint64_t before_us = 0;  // before the worker's end was seen
  Text<32> what;
  Text<16> subject;  // what number is: "connection", "request"; empty when there is none
  std::uint64_t number = 0;
  Text<80> detail;
  static auto fields(auto& self) {
    return std::tie(self.before_us, self.what, self.subject, self.number, self.detail);
  }
};

struct CrashRow {
  static constexpr MessageType type = MessageType::crash_row;
  std::uint64_t number = 0;  // counted from the supervisor's start
  Party role = Party::acceptor;
  std::uint32_t index = 0;
  std::uint32_t pid = 0;
  std::uint64_t time_ms = 0;  // since 1970
  std::uint64_t uptime_ms = 0;
  std::uint32_t generation = 0;  // that it served; 0: none yet
  Text<100> end;                 // "killed by signal 11 (SIGSEGV)"
  std::uint8_t signal = 0;       // 0: it exited
  std::uint8_t exit_code = 0;
  bool recorder_damaged = false;
  List<CrashEvent, 256> events;  // oldest first
  static auto fields(auto& self) {
    return std::tie(self.number, self.role, self.index, self.pid, self.time_ms, self.uptime_ms,
                    self.generation, self.end, self.signal, self.exit_code, self.recorder_damaged,
                    self.events);
  }
};

}  // namespace bulkhead::proto
