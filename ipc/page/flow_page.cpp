#include "ipc/page/flow_page.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <set>

namespace bulkhead::ipc {
namespace {

constexpr auto plain = std::memory_order_relaxed;

// Bounds on what is shown to people, not on what can be recovered.
constexpr std::uint32_t most_connections = 1'000'000;

std::optional<FoundFlow> read_record(const FlowRecord& record, std::int64_t now_ns) {
  FoundFlow found;
  found.flow = record.flow;
  found.began_ns = record.began_ns;
  found.up = runtime::FoundPlace::of(record.up);
  found.down = runtime::FoundPlace::of(record.down);
  const std::uint32_t bytes = record.terms_bytes;
  if (bytes > record.terms.size() || found.flow == 0) return std::nullopt;
  if (found.began_ns < 0 || found.began_ns > now_ns) return std::nullopt;
  // A copy: what is checked is what is used, even if the writer has a helper that still writes.
  std::array<std::uint8_t, sizeof(record.terms)> terms;
  std::memcpy(terms.data(), record.terms.data(), bytes);
  auto decoded = read_terms(std::span(terms).first(bytes));
  if (!decoded) return std::nullopt;
  found.terms = std::move(*decoded);
  return found;
}

}  // namespace

std::string_view to_string(Unprotected kind) {
  constexpr std::array<std::string_view, unprotected_kinds> names{"starting", "http", "young",
                                                                  "opaque",   "udp",  "overflow"};
  const auto index = static_cast<std::size_t>(kind);
  return index < names.size() ? names[index] : "unknown";
}

FoundFlows read_flow_page(const FlowPage& page, std::int64_t now_ns) {
  FoundFlows found;
  if (page.version != flow_page_version) return found;
  for (std::size_t i = 0; i < unprotected_kinds; ++i)
    found.unprotected[i] = std::min(page.unprotected[i].load(plain), most_connections);
  const std::uint32_t used = std::min(page.used.load(std::memory_order_acquire), flow_records);
  std::set<std::uint64_t> flows, tags;
  for (std::uint32_t i = 0; i < used; ++i) {
    const FlowRecord& record = page.records[i];
    const std::uint32_t state = record.state.load(std::memory_order_acquire);
    if (state == FlowRecord::free) continue;
    auto flow = state == FlowRecord::carried ? read_record(record, now_ns) : std::nullopt;
    if (!flow || !flows.insert(flow->flow).second || !tags.insert(flow->up.tag).second ||
        !tags.insert(flow->down.tag).second) {
      ++found.damaged;
      continue;
    }
    found.flows.push_back(std::move(*flow));
  }
  return found;
}

}  // namespace bulkhead::ipc
