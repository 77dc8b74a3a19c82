#include "ipc/page/counters_sum.h"

#include <numeric>

namespace bulkhead::ipc {
namespace {

void add(std::uint64_t& sum, const Counter& part) {
  sum += part.get();
}
void add(ByteSum& sum, const ByteCounters& part) {
  add(sum.up, part.up);
  add(sum.down, part.down);
}
template <std::size_t Size>
void add(std::array<std::uint64_t, Size>& sum, const std::array<Counter, Size>& part) {
  for (std::size_t i = 0; i < Size; ++i) add(sum[i], part[i]);
}

void add(BackendSum& sum, const BackendCounters& part) {
  add(sum.active, part.active);
  add(sum.opened, part.opened);
  add(sum.failed, part.failed);
  add(sum.bytes, part.bytes);
  add(sum.requests, part.requests);
  add(sum.refused, part.refused);
  sum.connect.add(part.connect);
  sum.request.add(part.request);
}

template <std::size_t Size>
std::uint64_t total(const std::array<std::uint64_t, Size>& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

}  // namespace

void CountersSum::add(const CountersPage& page) {
  ipc::add(active, page.active);
  ipc::add(accepted, page.accepted);
  ipc::add(turned_away, page.turned_away);
  ipc::add(lost, page.lost);
  ipc::add(requests, page.requests);
  ipc::add(refused, page.refused);
  for (std::size_t i = 0; i < protocols; ++i) {
    ipc::add(by_protocol[i].active, page.by_protocol[i].active);
    ipc::add(by_protocol[i].requests, page.by_protocol[i].requests);
    ipc::add(by_protocol[i].bytes, page.by_protocol[i].bytes);
  }
  connect.add(page.connect);
  first_byte.add(page.first_byte);
  request.add(page.request);
  for (const BackendCounters& slot : page.backends) {
    const std::string_view name = slot.name_view();
    if (name.empty()) break;
    const auto wanted = backends.find(name);
    if (wanted != backends.end()) ipc::add(wanted->second, slot);
  }
}

std::uint64_t CountersSum::all_requests() const {
  return total(requests);
}
std::uint64_t CountersSum::all_refused() const {
  return total(refused);
}

ByteSum CountersSum::all_bytes() const {
  ByteSum sum;
  for (const ProtocolSum& protocol : by_protocol) {
    sum.up += protocol.bytes.up;
    sum.down += protocol.bytes.down;
  }
  return sum;
}

}  // namespace bulkhead::ipc
