// The flow page: what an acceptor leaves behind about its raw flows, one page an incarnation, in
// memory that the supervisor made and keeps. When the acceptor is gone, another process goes on
// from here with the sockets and pipes that the vault held (proto/vault.h, runtime/flow_place.h).
//
// A record is written first and published by its state; it is taken back by its state before its
// flow's sockets are released. The writer alone claims and frees records. Whoever reads takes a
// copy (FoundFlow) when the writer is dead or has relinquished, and believes nothing in it: it may
// have been broken into.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "ipc/page/flow_terms.h"
#include "runtime/flow_place.h"
#include "runtime/flow_recovery.h"

namespace bulkhead::ipc {

inline constexpr std::uint32_t flow_page_version = 1;
inline constexpr std::size_t flow_record_bytes = 1024;
inline constexpr std::uint32_t flow_records = 32 * 1024;

// Connections that cannot outlive their process: what a crash costs, by kind.
enum class Unprotected : std::uint8_t {
  starting,  // negotiating, asking for the way out
  http,      // plain requests, and between two of them
  young,     // raw, but too young to be in the vault
  opaque,    // tunnels that end TLS here, echo
  udp,
  overflow,  // raw, but the vault or the page is full
  end_
};
inline constexpr std::size_t unprotected_kinds = static_cast<std::size_t>(Unprotected::end_);
std::string_view to_string(Unprotected kind);

struct FlowRecord {
  static constexpr std::uint32_t free = 0, carried = 1;

  std::atomic<std::uint32_t> state;
  std::uint32_t terms_bytes;
  std::uint64_t flow;     // the connection's id
  std::int64_t began_ns;  // steady clock
  runtime::FlowPlace up, down;
  std::array<std::uint8_t, flow_record_bytes - 24 - 2 * sizeof(runtime::FlowPlace)> terms;
};
static_assert(sizeof(FlowRecord) == flow_record_bytes && std::is_standard_layout_v<FlowRecord>);

struct FlowPage {
  std::uint32_t version;
  std::uint32_t holder;
  std::atomic<std::uint32_t> used;  // records from here on have never been used
  std::array<std::atomic<std::uint32_t>, unprotected_kinds> unprotected;
  std::array<std::uint8_t, 4096 - 12 - 4 * unprotected_kinds> unused;
  std::array<FlowRecord, flow_records> records;
};
static_assert(std::is_standard_layout_v<FlowPage>);

// A record that was published, in the reader's own memory, checked.
struct FoundFlow {
  std::uint64_t flow = 0;
  std::int64_t began_ns = 0;
  runtime::FoundPlace up, down;
  FlowTerms terms;
};

struct FoundFlows {
  std::vector<FoundFlow> flows;
  std::uint32_t damaged = 0;  // records that no intact writer can have written
  std::array<std::uint32_t, unprotected_kinds> unprotected{};
};

// `now_ns`: the steady clock; no flow began later. Every flow id and every tag is there once.
FoundFlows read_flow_page(const FlowPage& page, std::int64_t now_ns);

}  // namespace bulkhead::ipc
