#include "ipc/page/bans_page.h"

#include <algorithm>
#include <span>

namespace bulkhead::ipc {
namespace {

constexpr std::size_t ways = 8;
constexpr std::size_t buckets = max_bans / ways;
static_assert((buckets & (buckets - 1)) == 0);

template <typename Page>
auto bucket(Page& page, std::uint64_t key) {
  return std::span(page.cells).subspan((key & (buckets - 1)) * ways, ways);
}

BanCell* find(BansPage& page, std::uint64_t key) {
  for (BanCell& cell : bucket(page, key)) {
    if (cell.key.load() == key) return &cell;
  }
  return nullptr;
}

void free(BansPage& page, BanCell& cell) {
  cell.key = 0;
  page.count.fetch_sub(1);
}

BanCell& take_cell(BansPage& page, std::uint64_t key) {
  const auto cells = bucket(page, key);
  const auto free_cell = std::find_if(cells.begin(), cells.end(),
                                      [](const BanCell& cell) { return cell.key.load() == 0; });
  if (free_cell != cells.end()) {
    page.count.fetch_add(1);
    return *free_cell;
  }
  return *std::min_element(cells.begin(), cells.end(), [](const BanCell& a, const BanCell& b) {
    return a.until.load() < b.until.load();
  });
}

wire::IpAddress address_of(const BanCell& cell) {
  const std::span<const std::uint8_t, 16> octets(cell.address);
  return cell.is_v4 != 0 ? wire::IpAddress::v4(octets.first<4>()) : wire::IpAddress::v6(octets);
}

}  // namespace

bool is_banned(const BansPage& page, std::uint64_t subject, std::uint64_t now) {
  if (page.count.load(std::memory_order_relaxed) == 0) return false;
  for (const BanCell& cell : bucket(page, subject)) {
    if (cell.key.load(std::memory_order_relaxed) == subject)
      return cell.until.load(std::memory_order_relaxed) > now;
  }
  return false;
}

void ban(BansPage& page, std::uint64_t subject, const Ban& ban, std::uint64_t now) {
  const std::uint64_t until = now + ban.left_ns;
  if (BanCell* const cell = find(page, subject)) {
    cell->until = std::max(cell->until.load(), until);
    return;
  }
  BanCell& cell = take_cell(page, subject);
  cell.key = 0;
  const auto octets = ban.address.bytes();
  cell.address = {};
  std::copy(octets.begin(), octets.end(), cell.address.begin());
  cell.is_v4 = ban.address.is_v4() ? 1 : 0;
  cell.reason = static_cast<std::uint8_t>(ban.reason);
  cell.since_ms = ban.since_ms;
  cell.until = until;
  cell.key = subject;
}

bool lift(BansPage& page, std::uint64_t subject) {
  BanCell* const cell = find(page, subject);
  if (cell == nullptr) return false;
  free(page, *cell);
  return true;
}

std::vector<Ban> bans(BansPage& page, std::uint64_t now) {
  std::vector<Ban> all;
  for (BanCell& cell : page.cells) {
    if (cell.key.load() == 0) continue;
    const std::uint64_t until = cell.until.load();
    if (until <= now) {
      free(page, cell);
      continue;
    }
    const auto reason = std::min(cell.reason, static_cast<std::uint8_t>(BanReason::end_));
    all.push_back({address_of(cell), static_cast<BanReason>(reason), cell.since_ms, until - now});
  }
  return all;
}

}  // namespace bulkhead::ipc
