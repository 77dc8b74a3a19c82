#include "ipc/page/counters_page.h"

#include <algorithm>
#include <cstring>

namespace bulkhead::ipc {

std::string_view BackendCounters::name_view() const {
  const std::uint32_t length = name_length.load(std::memory_order_acquire);
  if (length > name.size()) return {};
  return {name.data(), length};
}

BackendCounters& CountersPage::backend(std::string_view name) {
  const std::string_view kept = name.substr(0, max_backend_name);
  for (BackendCounters& slot : backends) {
    const std::string_view taken = slot.name_view();
    if (taken == kept && !kept.empty()) return slot;
    if (!taken.empty()) continue;
    if (kept.empty()) break;
    std::memcpy(slot.name.data(), kept.data(), kept.size());
    slot.name_length.store(static_cast<std::uint32_t>(kept.size()), std::memory_order_release);
    return slot;
  }
  return other_backends;
}

void CountersPage::forget_open() {
  active.set(0);
  for (ProtocolCounters& protocol : by_protocol) protocol.active.set(0);
  for (BackendCounters& slot : backends) {
    if (slot.active.get() != 0) slot.active.set(0);
  }
  other_backends.active.set(0);
}

}  // namespace bulkhead::ipc
