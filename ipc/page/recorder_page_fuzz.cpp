// Arbitrary bytes as the page of a worker that was broken into: what is read is bounded, in order,
// within the writer's life, and can be put into words.
#include <algorithm>
#include <cstdlib>
#include <memory>

#include "ipc/page/recorder_page.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bulkhead::ipc;
  const auto page = std::make_unique<RecorderPage>();
  std::copy_n(data, std::min(size, sizeof(RecorderPage)),
              reinterpret_cast<std::uint8_t*>(page.get()));
  constexpr std::chrono::nanoseconds began(1'000), end(1'000'000'000);
  const FlightRecord record = read_recorder(*page, began, end);
  if (record.events.size() >= recorder_slots) std::abort();
  auto before = end - began;
  for (const RecordedEvent& event : record.events) {
    if (event.before_end > before || event.before_end.count() < 0) std::abort();
    before = event.before_end;
    if (to_string(event.what).empty() || describe(event).size() > 200) std::abort();
  }
  return 0;
}
