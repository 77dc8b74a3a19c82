// What limits are counted by, shared by all acceptors, so that a limit holds over them together and
// across the death of any. Made by the supervisor; every acceptor may write all of it, so nothing
// read here is believed beyond its bounds.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "ipc/page/count_table.h"
#include "ipc/page/keyed_hash.h"
#include "ipc/page/rate_table.h"
#include "wire/address.h"

namespace bulkhead::ipc {

// Raised with every change of the layout: an upgrade carries the page over only if it is the same.
inline constexpr std::uint32_t limits_layout = 1;

// What a key in the tables stands for.
enum class LimitScope : std::uint8_t {
  connections = 1,  // open, of an address or a user
  opening,          // connections, by rate
  requests,
  up,  // bytes from the client
  down,
  both,      // bytes of both directions together
  flood,     // connections refused for opening too fast
  failures,  // destinations that could not be reached
  ports,     // different ones asked for
  port,      // one of them
  report,    // that something was told
};

struct LimitsPage {
  std::atomic<std::uint32_t> layout;
  std::atomic<std::uint32_t> columns;             // the supervisor's: those that were ever in use
  std::atomic<std::uint64_t> secret_1, secret_2;  // the supervisor's: the key of all hashes
  RateCell all_requests;
  RateCell all_up, all_down;
  RateTable<65'536> rates;
  RateTable<16'384> seen;  // things of the last minute or so, to be counted once each
  CountTable connections;

  HashKey secret() const { return {secret_1.load(), secret_2.load()}; }
};

// Who is limited: a client's address, for IPv6 its /64, or a user. Never 0.
std::uint64_t subject_of(HashKey secret, const wire::IpAddress& address);
std::uint64_t subject_of(HashKey secret, std::string_view user);

// Its key in the tables, for one scope; detail tells things of one scope apart.
std::uint64_t key_of(std::uint64_t subject, LimitScope scope, std::uint32_t detail = 0);

}  // namespace bulkhead::ipc
