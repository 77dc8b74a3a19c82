// Who is kept out for a time: written by the supervisor alone, read by the acceptors at each
// connection (they get a view that can only be read).
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "proto/ban.h"
#include "wire/address.h"

namespace bulkhead::ipc {

inline constexpr std::uint32_t bans_layout = 1;
inline constexpr std::size_t max_bans = 4096;

using proto::BanReason;

struct BanCell {
  std::atomic<std::uint64_t> key;    // subject_of() the address (limits_page.h); 0: free
  std::atomic<std::uint64_t> until;  // ns of the steady clock
  // The supervisor's own notes.
  std::uint64_t since_ms;  // since 1970
  std::array<std::uint8_t, 16> address;
  std::uint8_t is_v4;
  std::uint8_t reason;
};

struct BansPage {
  std::atomic<std::uint32_t> layout;
  std::atomic<std::uint32_t> count;  // of cells in use; 0: nobody need look
  std::array<BanCell, max_bans> cells;
};

struct Ban {
  wire::IpAddress address;  // an IPv6 address stands for its /64
  BanReason reason = BanReason::by_hand;
  std::uint64_t since_ms = 0;
  std::uint64_t left_ns = 0;
};

// For acceptors.
bool is_banned(const BansPage& page, std::uint64_t subject, std::uint64_t now);

// For the supervisor. A ban of somebody who is banned already goes on for the longer of both times.
// When there are too many, the one that ends first makes room.
void ban(BansPage& page, std::uint64_t subject, const Ban& ban, std::uint64_t now);
// False if there was none.
bool lift(BansPage& page, std::uint64_t subject);
// All that last, and forgets those that have ended.
std::vector<Ban> bans(BansPage& page, std::uint64_t now);

}  // namespace bulkhead::ipc
