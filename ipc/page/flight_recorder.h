// The writing side of the flight recorder (recorder_page.h): what a worker notes down on the slow
// path of its sessions. One a process; until the supervisor has given it a page, nothing is kept.
#pragma once

#include <chrono>
#include <cstdint>
#include <tl/expected.hpp>
#include <utility>

#include "ipc/page/recorder_page.h"
#include "platform/shared_memory.h"

namespace bulkhead::ipc {

class FlightRecorder {
 public:
  // The worker's own page; the descriptor may be closed afterwards.
  tl::expected<void, platform::Error> open(int descriptor) {
    auto mapping = platform::SharedMapping::map(descriptor, sizeof(RecorderPage),
                                                platform::SharedMapping::Access::read_write);
    if (!mapping) return tl::unexpected(mapping.error());
    mapping_ = std::move(*mapping);
    page_ = &mapping_.as<RecorderPage>();
    return {};
  }

  void note(Happening what, std::uint64_t subject, std::uint64_t first, std::uint64_t second) {
    if (page_ == nullptr) return;
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    RecorderSlot& slot = page_->slots[written_ % recorder_slots];
    constexpr auto plain = std::memory_order_relaxed;
    slot.time_ns.store(static_cast<std::uint64_t>(now.count()), plain);
    slot.subject.store(subject, plain);
    slot.first.store(first, plain);
    slot.second.store(second, plain);
    slot.what.store(static_cast<std::uint64_t>(what), plain);
    page_->written.store(++written_, std::memory_order_release);
  }

 private:
  platform::SharedMapping mapping_;
  RecorderPage* page_ = nullptr;
  std::uint64_t written_ = 0;  // ours; the page's is never read
};

inline FlightRecorder& flight_recorder() {
  static FlightRecorder recorder;
  return recorder;
}

// What subject, first and second mean for each happening is in recorder_page.cpp.
inline void note(Happening what, std::uint64_t subject = 0, std::uint64_t first = 0,
                 std::uint64_t second = 0) {
  flight_recorder().note(what, subject, first, second);
}

}  // namespace bulkhead::ipc
