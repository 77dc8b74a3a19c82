#include "workers/acceptor/outbound/shared_backends.h"

namespace bulkhead::acceptor {

using Access = platform::SharedMapping::Access;

Place::~Place() {
  if (owner_ != nullptr) owner_->give_back(slot_);
}

bool Place::is_wanted() const {
  return is_limited() && owner_->use_of(slot_).waiting != 0;
}

SharedBackends::SharedBackends() : own_(std::make_unique<ipc::BackendPage>()), page_(own_.get()) {
  own_->columns = 1;
}

tl::expected<void, platform::Error> SharedBackends::open_backends(int descriptor,
                                                                  std::uint32_t column) {
  if (column >= ipc::max_columns) return tl::unexpected(platform::make_error("column", EINVAL));
  auto mapping =
      platform::SharedMapping::map(descriptor, sizeof(ipc::BackendPage), Access::read_write);
  if (!mapping) return tl::unexpected(mapping.error());
  backends_ = std::move(*mapping);
  page_ = &backends_.as<ipc::BackendPage>();
  column_ = column;
  own_.reset();
  return {};
}

tl::expected<void, platform::Error> SharedBackends::open_health(int descriptor) {
  auto mapping =
      platform::SharedMapping::map(descriptor, sizeof(ipc::HealthPage), Access::read_only);
  if (!mapping) return tl::unexpected(mapping.error());
  health_ = std::move(*mapping);
  return {};
}

// Counted first and looked at then, both in one order for all: of two acceptors that take the last
// place at the same time, the later one sees that it was one too many.
std::optional<Place> SharedBackends::take(std::uint32_t slot, std::uint32_t limit) {
  if (!has_slot(slot)) return Place();
  cell(slot).in_use.fetch_add(1);
  Place place(*this, slot, limit != 0);
  if (limit == 0 || use_of(slot).in_use <= limit) return place;
  // Nobody was kept out by it for long enough to be told.
  place.owner_ = nullptr;
  cell(slot).in_use.fetch_sub(1);
  return std::nullopt;
}

ipc::BackendUse SharedBackends::use_of(std::uint32_t slot) const {
  return has_slot(slot) ? ipc::use_of(*page_, slot) : ipc::BackendUse{};
}

void SharedBackends::give_back(std::uint32_t slot) {
  cell(slot).in_use.fetch_sub(1);
  if (released_) released_();
}

SharedBackends::Waiting::Waiting(SharedBackends& owner, std::uint32_t slot)
    : owner_(owner), slot_(slot) {
  if (has_slot(slot_)) owner_.cell(slot_).waiting.fetch_add(1);
}

SharedBackends::Waiting::~Waiting() {
  if (has_slot(slot_)) owner_.cell(slot_).waiting.fetch_sub(1);
}

ipc::HealthState SharedBackends::health(std::uint32_t slot) const {
  if (!health_ || !has_slot(slot)) return ipc::HealthState::unknown;
  return ipc::state_of(health_.as<ipc::HealthPage>().records[slot]);
}

std::uint64_t SharedBackends::healthy_at_ms(std::uint32_t slot) const {
  if (!health_ || !has_slot(slot)) return 0;
  return health_.as<ipc::HealthPage>().records[slot].healthy_at_ms.load(std::memory_order_relaxed);
}

}  // namespace bulkhead::acceptor
