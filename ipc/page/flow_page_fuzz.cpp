// Arbitrary bytes as the pages of an acceptor that was broken into: what an heir reads of them is
// bounded and named once, and where it looks for a flow's bytes it stays inside the copy memory.
//
// Input: the copy memory's label (16 octets), then the flow page's head without its unused part,
// then records.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <set>
#include <span>
#include <sys/mman.h>

#include "ipc/page/flow_page.h"
#include "platform/shared_memory.h"
#include "runtime/copy_memory.h"

namespace {

using namespace bulkhead;
using Access = platform::SharedMapping::Access;
using Octets = std::span<const std::uint8_t>;

constexpr std::int64_t now_ns = 1'000'000'000'000;
constexpr std::size_t label_bytes = 16;
constexpr std::size_t head_bytes = offsetof(ipc::FlowPage, unused);
// More would only take longer.
constexpr std::size_t most_records = 64;

Octets take(Octets& input, std::size_t bytes) {
  const Octets front = input.first(std::min(bytes, input.size()));
  input = input.subspan(front.size());
  return front;
}

// Both pages stay; only what an input can reach is written anew.
struct Pages {
  Pages() {
    auto memory = platform::create_shared_memory("fuzz-copies", runtime::CopyMemory::size);
    auto writable =
        platform::SharedMapping::map(memory->get(), runtime::CopyMemory::size, Access::read_write);
    auto readable =
        platform::SharedMapping::map(memory->get(), runtime::CopyMemory::size, Access::read_only);
    copies = std::move(*writable);
    remains.emplace(std::move(*readable));
  }
  void fill(Octets input) {
    const Octets label = take(input, label_bytes);
    std::memset(&copies.as<char>(), 0, label_bytes);
    std::copy(label.begin(), label.end(), &copies.as<std::uint8_t>());
    std::memset(static_cast<void*>(&page), 0,
                offsetof(ipc::FlowPage, records) + most_records * sizeof(ipc::FlowRecord));
    const Octets head = take(input, head_bytes);
    std::copy(head.begin(), head.end(), reinterpret_cast<std::uint8_t*>(&page));
    const Octets records = take(input, most_records * sizeof(ipc::FlowRecord));
    std::copy(records.begin(), records.end(), reinterpret_cast<std::uint8_t*>(page.records.data()));
  }
  platform::SharedMapping copies;
  std::optional<runtime::CopyMemory::Remains> remains;
  ipc::FlowPage& page = *std::make_unique<ipc::FlowPage>().release();
};

void check(bool holds) {
  if (!holds) std::abort();
}

unsigned sum(std::span<const std::byte> bytes) {
  unsigned total = 0;
  for (const std::byte each : bytes) total += static_cast<unsigned>(each);
  return total;
}

// As runtime/flow_recovery.cpp looks, with positions that the kernel could have told.
unsigned look_for_bytes(const runtime::FoundPlace& place,
                        const runtime::CopyMemory::Remains& remains) {
  const auto block = remains.in_block(place.block, place.block_bytes);
  check(block.empty() || block.size() == place.block_bytes);
  const auto scratch = remains.in_scratch(place.tag, place.moved, place.moved + place.block_bytes);
  check(scratch.empty() || scratch.size() == place.block_bytes);
  return sum(block) + sum(scratch);
}

void check(const ipc::FoundFlow& flow) {
  check(flow.flow != 0);
  check(flow.began_ns >= 0 && flow.began_ns <= now_ns);
  std::array<std::uint8_t, sizeof(ipc::FlowRecord::terms)> room;
  const std::size_t bytes = ipc::write_terms(flow.terms, room);
  check(bytes != 0 && ipc::read_terms(Octets(room).first(bytes)).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Pages pages;
  pages.fill({data, size});
  const ipc::FoundFlows found = ipc::read_flow_page(pages.page, now_ns);
  check(found.flows.size() + found.damaged <= ipc::flow_records);
  std::set<std::uint64_t> flows, tags;
  unsigned total = 0;
  for (const ipc::FoundFlow& flow : found.flows) {
    check(flow);
    check(flows.insert(flow.flow).second);
    for (const runtime::FoundPlace* place : {&flow.up, &flow.down}) {
      check(tags.insert(place->tag).second);
      total += look_for_bytes(*place, *pages.remains);
    }
  }
  static volatile unsigned sink;
  sink = sink + total;
  return 0;
}
